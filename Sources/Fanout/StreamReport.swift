package import Events
package import Wire

/// The state of one stream, for the admin API.
package struct StreamReport: Sendable {
    /// Whether the stream is at the head of the journal.
    package enum Standing: String, Sendable {
        /// Caught up.
        case live
        /// Catching up from memory or from the journal.
        case behind
        /// Its socket accepts no bytes.
        case waiting
    }

    /// The stream's number, as told in `connected`.
    package let id: UInt64
    /// The user and issuer of the token that opened it.
    package let principal: Principal
    /// The user whose token opened it.
    package var user: WireText { principal.user }
    /// The address of its client.
    package let address: String
    /// The events that it receives.
    package let filter: EventFilter
    /// How events are written.
    package let format: StreamFormat
    /// Whether it is at the head of the journal.
    package let standing: Standing
    /// The time between the last event that was written to it (or did not match) and the newest event: 0 when it is
    /// caught up.
    package let lagMilliseconds: Int64
    /// When it began, to the second.
    package let openedAt: WallTime
    /// When its token ends, and the stream with it; nil for never.
    package let expiresAt: WallTime?
    /// Bytes that its outlet accepted.
    package let sentBytes: Int
    /// Events that were written to it.
    package let sentEvents: Int
}

extension Hub {
    /// The state of one stream.
    package func report(_ subscriber: Subscriber) -> StreamReport {
        let standing: StreamReport.Standing =
            switch subscriber.state {
            case .live, .ahead, .ended: .live
            case .queued, .reading: .behind
            case .blocked: .waiting
            }
        // A live subscriber has no cursor of its own, and the cursor at the very beginning has no time.
        let reached = subscriber.cursor == .zero ? ring.events.first?.id ?? head : subscriber.cursor
        let lag = standing == .live ? 0 : max(0, head.milliseconds - reached.milliseconds)
        return StreamReport(
            id: subscriber.id, principal: subscriber.principal, address: subscriber.outlet.clientAddress,
            filter: subscriber.group.key.filter,
            format: subscriber.group.key.format, standing: standing, lagMilliseconds: lag,
            openedAt: WallTime(milliseconds: Int64(subscriber.openedAtSeconds) * 1000), expiresAt: subscriber.expiresAt,
            sentBytes: subscriber.sentBytes, sentEvents: subscriber.sentEvents)
    }

    /// Up to `most` streams with ids greater than `after`, in the order of their ids: those of all users of a name, of
    /// one issuer's users, of one issuer's user of that name, or all.
    package func streams(of user: WireText?, issuer: WireText? = nil, after: UInt64, most: Int) -> [Subscriber] {
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
    package func streams(marked mark: UInt64) -> [Subscriber] {
        guard mark != 0 else { return [] }
        return subscribers.values.filter { $0.mark == mark }
    }

    /// The filter of a stream, and whether its events include the providers' raw bodies.
    package func filter(of subscriber: Subscriber) -> (filter: EventFilter, showsRaw: Bool) {
        (subscriber.group.key.filter, subscriber.group.key.format.showsRaw)
    }
}
