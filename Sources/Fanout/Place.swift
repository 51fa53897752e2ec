package import Events
package import Wire

// The ids that clients are given to resume from. They are chosen so that no event is lost or sent twice, and so that
// they reveal of other readers' events only that there was one in some second.
extension Hub {
    /// The position to report to the reader of a stream that begins at the head now: a place (the beginning of a
    /// second), or the last event of that second that the reader may see.
    package func place(for filter: EventFilter, of user: WireText?) -> EventID {
        place(at: head, for: filter, of: user)
    }

    /// The position to report to the reader of a stream that begins after the event `id`.
    ///
    /// Events between the reported position and `id` must not be sent when the client resumes, so the position is the
    /// last event that the filter admits. If the events are not in memory, the client may receive those of up to a
    /// second before.
    func place(at id: EventID, for filter: EventFilter, of user: WireText?) -> EventID {
        // Neither a trimmed id nor one that this hub has yet to publish is a useful cursor.
        let base = max(id.place, min(extent.trimmedThrough, id))
        let floor = id >= ring.floor ? max(base, ring.floor) : base
        for event in ring.events[..<ring.index(after: id)].reversed() {
            guard event.id > floor else { break }
            if filter.admits(event.event, to: user) { return event.id }
        }
        return floor
    }

    /// The id with which the client of a stream can resume now.
    package func place(of subscriber: Subscriber) -> EventID {
        guard subscriber.state == .live else { return subscriber.resumeID }
        // Every event up to the head was sent to it or did not match.
        return max(subscriber.resumeID, subscriber.lastGroupEvent, head.place, min(extent.trimmedThrough, head))
    }

    /// The position where the page after this stream, which was one page and has ended, begins.
    package func pagePlace(of subscriber: Subscriber) -> EventID {
        // Every event up to its cursor was sent to it or did not match.
        let isPast = subscriber.cursor >= extent.trimmedThrough && !subscriber.cursorIsUnchecked
        return isPast
            ? max(subscriber.resumeID, subscriber.cursor.place, min(extent.trimmedThrough, head)) : subscriber.resumeID
    }

    /// The `newestId` to report to a reader at `place`: the head, rounded down to the second.
    func newest(from place: EventID) -> EventID {
        head == .zero ? head : max(place, head.place, extent.trimmedThrough)
    }
}
