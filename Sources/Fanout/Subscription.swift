package import Events
package import Wire

/// A request for a stream, checked and authorised.
package struct Subscription: Sendable {
    /// Where the cursor starts.
    package enum Start: Sendable, Equatable {
        /// At the head: only new events.
        case live
        /// From the oldest event kept.
        case oldest
        /// After the event that the client names in `Last-Event-ID`. The id is not yet confirmed.
        case after(EventID)
        /// After an id that the relay itself has chosen, such as that of a snapshot.
        case trusted(EventID)
        /// A `Last-Event-ID` that cannot be parsed.
        case malformed
    }

    /// The user and issuer of the token.
    package var principal: Principal
    /// Whether an event's audience can include its user; false for clients that choose their user name themselves.
    package var isAddressable: Bool
    /// The name by which an audience includes its user; nil for none.
    package var audienceName: WireText? { isAddressable ? principal.user : nil }
    /// The events that it receives.
    package var filter: EventFilter
    /// How events are written.
    package var format: StreamFormat
    /// The position where it begins.
    package var start: Start
    /// When the token ends, and with it the stream.
    package var expiresAt: WallTime?
    /// Bytes before the first frame: the head of the HTTP response.
    package var preamble: [UInt8]
    /// A frame between `connected` and the first event: the snapshot.
    package var opening: [UInt8]
    /// Ends the stream after this many events; nil for no limit.
    package var limitEvents: Int?
    /// Ends the stream after the write that reaches this many bytes; nil for no limit.
    package var limitBytes: Int?
    /// Ends the stream when it has reached the head.
    package var endsWhenCaughtUp: Bool
    /// Whether the heartbeat is an event and not a comment.
    package var heartbeatIsEvent: Bool
    /// A number by which the caller finds the stream again, shared with other streams if it likes; 0 for none. The hub
    /// only stores it.
    package var mark: UInt64

    /// A subscription to everything `filter` admits, from now on.
    package init(
        principal: Principal, filter: EventFilter, format: StreamFormat = StreamFormat(), start: Start = .live
    ) {
        self.principal = principal
        isAddressable = true
        self.filter = filter
        self.format = format
        self.start = start
        expiresAt = nil
        preamble = []
        opening = []
        limitEvents = nil
        limitBytes = nil
        endsWhenCaughtUp = false
        heartbeatIsEvent = false
        mark = 0
    }
}

/// Why a stream ended: the word in the log, and the label in metrics.
package enum StreamEnd: String, Sendable, CaseIterable {
    case clientClosed = "client_closed"
    case strayInput = "stray_input"
    case tokenExpired = "token_expired"
    case draining
    case replaced
    /// It reached the greatest age of a stream.
    case retired = "retire"
    case revoked
    /// An administrator closed it.
    case closed
    case limitReached = "limit_reached"
    case caughtUp = "caught_up"
}
