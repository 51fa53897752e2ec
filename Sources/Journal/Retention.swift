internal import Events
internal import Wire

/// How much of the journal is kept. An event is removed as soon as one of the bounds is passed; nil is no bound.
package struct Retention: Sendable, Equatable {
    /// How old an event may become. A step of the wall clock makes no event older: see ``SQLiteHome``.
    package var ageMilliseconds: Int64?
    /// How many events are kept.
    package var events: Int?
    /// How many bytes are kept: the texts of events, and ``Limits/eventOverheadBytes`` for each. The file is
    /// somewhat larger, and does not shrink when events go: their space is used again.
    package var bytes: Int?

    /// A day, a million events, 1 GiB, unless told otherwise.
    package init(ageMilliseconds: Int64? = 86_400_000, events: Int? = 1_000_000, bytes: Int? = 1 << 30) {
        self.ageMilliseconds = ageMilliseconds
        self.events = events
        self.bytes = bytes
    }

    /// True when a journal of so many events and bytes, the oldest of them of this age, holds more than is kept. No age
    /// is too old if it is nil.
    func exceeds(oldestAge: Int64?, events: Int, bytes: Int) -> Bool {
        if let limit = ageMilliseconds, let oldestAge, oldestAge > limit { return true }
        if let limit = self.events, events > limit { return true }
        if let limit = self.bytes, bytes > limit { return true }
        return false
    }
}

/// What a committed event survives.
package enum Durability: String, Sendable, CaseIterable {
    /// Loss of power: the disk is asked to write before an append returns.
    case full
    /// The end of the process in any way, kill -9 included; a loss of power may cost the last seconds.
    case normal
}
