/// The two ends of the journal.
package struct JournalExtent: Sendable, Equatable {
    /// The last id that retention removed, ``EventID/zero`` if none. A cursor at or after it misses no event.
    package var trimmedThrough: EventID
    /// The last id assigned, ``EventID/zero`` in a new journal.
    package var head: EventID

    /// The ends of a journal.
    package init(trimmedThrough: EventID, head: EventID) {
        self.trimmedThrough = trimmedThrough
        self.head = head
    }
}

/// A part of the journal, read for a cursor that is behind. It is a class because many subscribers share one.
package final class JournalPage: Sendable {
    /// The cursor for which it was read.
    package let after: EventID
    /// Events in order, beginning with the first after the cursor.
    package let events: [JournalEvent]
    /// False when the page reaches the end of the journal.
    package let hasMore: Bool
    /// True when an event with the cursor's id is, or was, in this journal, or when the cursor is the place of the
    /// first event after it. False for a cursor of another journal, or from before the trimmed extent.
    package let cursorIsKnown: Bool
    /// The ends of the journal when the page was read.
    package let extent: JournalExtent

    /// A page of the journal.
    package init(after: EventID, events: [JournalEvent], hasMore: Bool, cursorIsKnown: Bool, extent: JournalExtent) {
        self.after = after
        self.events = events
        self.hasMore = hasMore
        self.cursorIsKnown = cursorIsKnown
        self.extent = extent
    }
}
