internal import Access
internal import Events
internal import Fanout
internal import Wire

/// What a stream or page of events will be: the query, the verified identity, and the filter within its grant.
struct StreamPlan {
    let query: StreamQuery
    let identity: Identity
    let filter: EventFilter

    /// The subscription for the hub.
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

/// A plan with the place in the journal where the stream or page begins.
struct StreamOpening {
    let plan: StreamPlan
    let request: Request
    let start: Subscription.Start
    /// The rooms at the head of the hub, if the request asked for them.
    var snapshot: [RoomEntry]?
}

extension Identity {
    /// A hash of the token's id, to find the streams of one token; 0 if it has none. The seed is this process' own. It
    /// costs 8 bytes a stream; a table of ids would cost ten times as much.
    var mark: UInt64 { tokenID.map(Self.mark(ofTokenID:)) ?? 0 }

    /// The mark of the tokens with this id.
    static func mark(ofTokenID id: WireText) -> UInt64 {
        max(1, UInt64(bitPattern: Int64(id.hashValue)))
    }
}
