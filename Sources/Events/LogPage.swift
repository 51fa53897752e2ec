/// The ends of the log.
public struct LogExtent: Sendable, Equatable {
    /// The last id that retention removed, ``EventID/zero`` if none: a cursor at or after it misses nothing.
    public var trimmedThrough: EventID
    /// The last id given out, ``EventID/zero`` in a new log.
    public var head: EventID

    /// The ends of a log.
    public init(trimmedThrough: EventID, head: EventID) {
        self.trimmedThrough = trimmedThrough
        self.head = head
    }
}

/// Some of the log, read for a cursor that is behind. By reference: many subscribers share one.
public final class LogPage: Sendable {
    /// The cursor it was read for.
    public let after: EventID
    /// Events in order, the first one the first after the cursor.
    public let events: [LoggedEvent]
    /// False when the cursor was the last event of the log, or the page reaches it.
    public let hasMore: Bool
    /// True when an event with the cursor's own id is, or was, in this log, or when the cursor is the place of the
    /// first event after it: the cursor is genuine. A cursor of another log, or from before what retention left, is
    /// not.
    public let cursorIsKnown: Bool
    /// The ends of the log when it was read.
    public let extent: LogExtent

    /// A page of the log.
    public init(after: EventID, events: [LoggedEvent], hasMore: Bool, cursorIsKnown: Bool, extent: LogExtent) {
        self.after = after
        self.events = events
        self.hasMore = hasMore
        self.cursorIsKnown = cursorIsKnown
        self.extent = extent
    }
}
