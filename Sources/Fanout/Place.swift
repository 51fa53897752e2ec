public import Events

// Where a stream's client may come back, told so that nothing is lost or doubled, and no more of other readers' events
// is shown than that there was one in some second.
extension Hub {
    /// Where a stream that begins at the head now begins, as its reader is told: a place, or the last event of that
    /// second that the reader may see.
    public func place(for filter: EventFilter, of user: WireText?) -> EventID {
        place(at: head, for: filter, of: user)
    }

    /// Where a stream that begins after `id`, an event of the log, begins, as its reader is told.
    ///
    /// Events between the place and `id` must not be sent when the client comes back, so the last one that its filter
    /// admits is the place. Where the events are not in memory, the client may receive those of up to a second before.
    func place(at id: EventID, for filter: EventFilter, of user: WireText?) -> EventID {
        // What is trimmed is no good cursor; nor is what this hub has yet to publish.
        let base = max(id.place, min(extent.trimmedThrough, id))
        let floor = id >= ring.floor ? max(base, ring.floor) : base
        for event in ring.events[..<ring.index(after: id)].reversed() {
            guard event.id > floor else { break }
            if filter.admits(event.event, to: user) { return event.id }
        }
        return floor
    }

    /// The id that the client of a stream may come back with now.
    public func place(of subscriber: Subscriber) -> EventID {
        guard subscriber.state == .live else { return subscriber.told }
        // Everything up to the head was sent to it or did not match.
        return max(subscriber.told, subscriber.lastGroupEvent, head.place, min(extent.trimmedThrough, head))
    }

    /// Where the next page begins after the one that a stream that has ended was.
    public func pagePlace(of subscriber: Subscriber) -> EventID {
        // Everything up to its cursor was sent to it or did not match.
        let isPast = subscriber.cursor >= extent.trimmedThrough && !subscriber.cursorIsUnchecked
        return isPast
            ? max(subscriber.told, subscriber.cursor.place, min(extent.trimmedThrough, head)) : subscriber.told
    }

    /// The newest id that a reader at `place` is told of: the head, to the second.
    func newest(from place: EventID) -> EventID {
        head == .zero ? head : max(place, head.place, extent.trimmedThrough)
    }
}
