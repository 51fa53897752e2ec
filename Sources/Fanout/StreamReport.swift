public import Events

/// What an operator wants to know of one stream.
public struct StreamReport: Sendable {
    /// How it stands to the head of the log.
    public enum Standing: String, Sendable {
        /// Caught up.
        case live
        /// Catching up from the log.
        case behind
        /// Its socket is full.
        case waiting
    }

    /// The stream's number, as told in `connected`.
    public let id: UInt64
    /// Whose token opened it.
    public let principal: Principal
    /// The user whose token opened it.
    public var user: WireText { principal.user }
    /// The address of its client.
    public let address: String
    /// What it receives.
    public let filter: EventFilter
    /// How events are written.
    public let format: StreamFormat
    /// How it stands to the head of the log.
    public let standing: Standing
    /// From the time of the last event that was written to it, or did not match, to that of the newest: 0 when it is
    /// caught up.
    public let lagMilliseconds: Int64
    /// When it began, to the second.
    public let openedAt: WallTime
    /// When it ends with its token; nil for never.
    public let expiresAt: WallTime?
    /// Bytes that it took.
    public let sentBytes: Int
    /// Events that were written to it.
    public let sentEvents: Int
}

extension Hub {
    /// How one stream does.
    public func report(_ subscriber: Subscriber) -> StreamReport {
        let standing: StreamReport.Standing =
            switch subscriber.state {
            case .live, .ahead, .ended: .live
            case .queued, .reading: .behind
            case .blocked: .waiting
            }
        // Whoever is live has no cursor of its own, and one at the very beginning dates from no event.
        let reached = subscriber.cursor == .zero ? ring.events.first?.id ?? head : subscriber.cursor
        let lag = standing == .live ? 0 : max(0, head.milliseconds - reached.milliseconds)
        return StreamReport(
            id: subscriber.id, principal: subscriber.principal, address: subscriber.outlet.clientAddress,
            filter: subscriber.group.key.filter,
            format: subscriber.group.key.format, standing: standing, lagMilliseconds: lag,
            openedAt: Int64(subscriber.openedAtSeconds) * 1000, expiresAt: subscriber.expiresAt,
            sentBytes: subscriber.sentBytes, sentEvents: subscriber.sentEvents)
    }

    /// Up to `most` streams by their ids, from the first beyond `after` on: of the users of one name, of one issuer's
    /// users, of one issuer's user of a name, or of all.
    public func streams(of user: WireText?, issuer: WireText? = nil, after: UInt64, most: Int) -> [Subscriber] {
        if let user {
            return Array(
                subscribers(of: user, issuer: issuer).filter { $0.id > after }.sorted { $0.id < $1.id }.prefix(most))
        }
        let isOfIssuer = { (subscriber: Subscriber) in
            issuer.map { $0 == subscriber.principal.issuer } ?? true
        }
        let following = subscribers.values.filter { $0.id > after && isOfIssuer($0) }
        return Array(following.sorted { $0.id < $1.id }.prefix(most))
    }

    /// The streams with a ``Subscription/mark``.
    public func streams(marked mark: UInt64) -> [Subscriber] {
        guard mark != 0 else { return [] }
        return subscribers.values.filter { $0.mark == mark }
    }

    /// What a stream can receive, and whether with the providers' own bodies.
    public func filter(of subscriber: Subscriber) -> (filter: EventFilter, showsRaw: Bool) {
        (subscriber.group.key.filter, subscriber.group.key.format.showsRaw)
    }
}
