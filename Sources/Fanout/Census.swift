internal import Events

/// How the streams of a hub stand to the head of the log.
public struct Census: Sendable, Equatable {
    /// At the head: what comes reaches them at once.
    public var live = 0
    /// Catching up from memory or from the log.
    public var behind = 0
    /// Their outlet takes nothing at the moment: the client reads too slowly, or not at all.
    public var waiting = 0
    /// How long ago the oldest event was committed that a stream should have and has not, in milliseconds.
    public var slowestLagMilliseconds: Int64 = 0

    /// Nobody.
    public init() {}
}

extension Hub {
    /// True when every stream is at the head, so that ``census()`` costs nothing.
    public var isAllLive: Bool { liveCount == subscribers.count }

    /// Counts the streams by how they stand, looking at each of those that are not at the head, and passing by those
    /// that are: for about once a second.
    public func census() -> Census {
        var census = Census()
        census.live = liveCount
        guard !isAllLive else { return census }
        for subscriber in subscribers.values where subscriber.state != .live {
            if subscriber.state == .blocked { census.waiting += 1 } else { census.behind += 1 }
            guard let due = dueTime(subscriber) else { continue }
            census.slowestLagMilliseconds = max(census.slowestLagMilliseconds, wallNow - due)
        }
        return census
    }

    /// When the next event that a subscriber has not got was committed: exact where it is in memory, else a little
    /// before. Nil if there is none, or its cursor is not known to be one.
    private func dueTime(_ subscriber: Subscriber) -> WallTime? {
        if case .event(let event)? = subscriber.unsent.first { return event.id.milliseconds }
        guard subscriber.cursor < head, !subscriber.cursorIsUnchecked else { return nil }
        if subscriber.cursor >= ring.floor {
            let index = ring.index(after: subscriber.cursor)
            return index < ring.events.endIndex ? ring.events[index].id.milliseconds : nil
        }
        let cursor = max(subscriber.cursor, extent.trimmedThrough)
        if let next = subscriber.page?.events.first(where: { $0.id > cursor }) { return next.id.milliseconds }
        // The beginning of a log that was never trimmed is no time.
        return cursor == .zero ? ring.floor.milliseconds : cursor.milliseconds
    }
}
