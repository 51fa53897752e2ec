internal import Events
internal import Wire

/// How many streams of a hub are at the head of the journal, behind it, or blocked.
package struct Census: Sendable, Equatable {
    /// At the head: new events are written to them at once.
    package var live = 0
    /// Catching up from memory or from the journal.
    package var behind = 0
    /// Blocked: their outlet accepts no bytes, because the client reads too slowly or not at all.
    package var waiting = 0
    /// The age, in milliseconds since its commit, of the oldest event that has not been written to a stream that needs
    /// it.
    package var slowestLagMilliseconds: Int64 = 0

    /// No streams.
    package init() {}
}

extension Hub {
    /// True when every stream is at the head, so that ``census()`` costs nothing.
    package var isAllLive: Bool { liveCount == subscribers.count }

    /// Counts the streams by state. It visits every stream that is not at the head, so call it about once a second.
    package func census() -> Census {
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

    /// When the next event that a subscriber has not received was committed: exact if the event is in memory, else a
    /// little earlier. Nil if there is none, or if the cursor is not confirmed as one of the journal's.
    private func dueTime(_ subscriber: Subscriber) -> WallTime? {
        if case .event(let event)? = subscriber.unsent.first { return event.id.time }
        guard subscriber.cursor < head, !subscriber.cursorIsUnchecked else { return nil }
        if subscriber.cursor >= ring.floor {
            let index = ring.index(after: subscriber.cursor)
            return index < ring.events.endIndex ? ring.events[index].id.time : nil
        }
        let cursor = max(subscriber.cursor, extent.trimmedThrough)
        if let next = subscriber.page?.events.first(where: { $0.id > cursor }) { return next.id.time }
        // An untrimmed journal begins at id zero, which is no time.
        return cursor == .zero ? ring.floor.time : cursor.time
    }
}
