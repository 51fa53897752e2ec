public import Events

/// What somebody asks of a stream, checked and authorised.
public struct Subscription: Sendable {
    /// Where the cursor starts.
    public enum Start: Sendable, Equatable {
        /// At the head: only what comes.
        case live
        /// From the oldest event kept.
        case oldest
        /// After an event that the subscriber has, by its own word: `Last-Event-ID`.
        case after(EventID)
        /// After an id that the relay itself knows to be right, such as that of a snapshot.
        case trusted(EventID)
        /// A `Last-Event-ID` that is no id of ours at all.
        case malformed
    }

    /// Whose token opened it.
    public var principal: Principal
    /// Whether events with an audience may name its user; false where users name themselves.
    public var isAddressable: Bool
    /// The name by which an audience includes its user; nil for none.
    public var audienceName: WireText? { isAddressable ? principal.user : nil }
    /// What of the log it receives.
    public var filter: EventFilter
    /// How events are written.
    public var format: StreamFormat
    /// Where it begins.
    public var start: Start
    /// When the token ends, and with it the stream.
    public var expiresAt: WallTime?
    /// What stands before the first frame: the head of the HTTP response.
    public var preamble: [UInt8]
    /// A frame between `connected` and the first event: the snapshot.
    public var opening: [UInt8]
    /// Ends after so many events.
    public var limitEvents: Int?
    /// Ends after the write that brings it to so many bytes.
    public var limitBytes: Int?
    /// Ends when there is nothing more to read.
    public var endsWhenCaughtUp: Bool
    /// Whether the heartbeat is an event and not a comment.
    public var heartbeatIsEvent: Bool
    /// A number by which the owner finds the stream again, alone or among others; 0 for none. The hub only keeps it.
    public var mark: UInt64

    /// A subscription to everything `filter` admits, from now on.
    public init(
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

/// Why a stream ended: the word in logs, and the label in metrics.
public enum StreamEnd: String, Sendable, CaseIterable {
    case clientClosed = "client_closed"
    case strayInput = "stray_input"
    case tokenExpired = "token_expired"
    case draining
    case replaced
    /// It was as old as streams may become.
    case retired = "retire"
    case revoked
    /// An administrator closed it.
    case closed
    case limitReached = "limit_reached"
    case caughtUp = "caught_up"
}
