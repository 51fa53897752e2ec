internal import Access
internal import Events
internal import Fanout
internal import Wire

/// A stream, or a page of events, that a request may have and that has not begun.
struct StreamPlan {
    let query: StreamQuery
    let identity: Identity
    let filter: EventFilter

    /// What the hub is to send, from `start` on.
    func subscription(from start: Subscription.Start, format: StreamFormat) -> Subscription {
        var subscription = Subscription(
            principal: identity.principal, filter: filter, format: format, start: start)
        subscription.isAddressable = identity.isAddressable
        subscription.expiresAt = identity.expiresAt
        subscription.mark = identity.mark
        subscription.endsWhenCaughtUp = query.format == .json ? !waits : query.waitMilliseconds == 0
        return subscription
    }

    /// True if a page waits for events when there are none.
    var waits: Bool { query.waitMilliseconds ?? 0 > 0 }
}

/// A plan whose place in the journal is known.
struct StreamOpening {
    let plan: StreamPlan
    let request: Request
    let start: Subscription.Start
    /// The rooms at the head of the hub, if the request asked for them.
    var snapshot: [RoomEntry]?
}

extension Identity {
    /// By which streams of one token are found again: a hash of its id with a seed of this process, 0 for none. It
    /// costs 8 bytes a stream, where a table of the ids would cost ten times as much.
    var mark: UInt64 { tokenID.map(Self.mark(ofTokenID:)) ?? 0 }

    static func mark(ofTokenID id: WireText) -> UInt64 {
        max(1, UInt64(bitPattern: Int64(id.hashValue)))
    }
}
