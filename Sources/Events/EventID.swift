package import Wire

/// An event's id in the journal: `<milliseconds>-<sequence>`, in the format of Redis Streams.
///
/// Ids sort in the order of the commits and include the time. Milliseconds (43 bits) and sequence (20 bits) share one
/// integer, so that comparing two ids, or using one as SQLite's rowid, costs nothing.
package struct EventID: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970 in the upper 43 bits, the sequence within that millisecond in the lower 20.
    package let rawValue: Int64

    static let sequenceBits: Int64 = 20
    /// The largest sequence within one millisecond.
    package static let largestSequence: Int64 = (1 << sequenceBits) - 1
    /// The largest milliseconds value an id can hold, in the year 2248.
    package static let largestMilliseconds: Int64 = (1 << 43) - 1

    /// Below every event: a cursor at the very beginning.
    package static let zero = EventID(rawValue: 0)

    /// An id from its integer, for instance a rowid.
    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The id of the `sequence`-th event committed in the millisecond `milliseconds`.
    package init(milliseconds: Int64, sequence: Int64) {
        precondition(
            milliseconds >= 0 && milliseconds <= Self.largestMilliseconds, "an event id dates from 1970 to 2248")
        precondition(sequence >= 0 && sequence <= Self.largestSequence, "an event id's sequence has 20 bits")
        rawValue = milliseconds << Self.sequenceBits | sequence
    }

    /// Milliseconds since 1970 at which the event was committed.
    package var milliseconds: Int64 { rawValue >> Self.sequenceBits }
    /// When the event was committed.
    package var time: WallTime { WallTime(milliseconds: milliseconds) }
    /// The event's number within its millisecond, from 0.
    package var sequence: Int64 { rawValue & Self.largestSequence }

    /// The next id after this one at the time `now`. It grows even when the clock stands still or steps back, or shows a
    /// time that no id can hold.
    package func next(at now: WallTime) -> EventID {
        if now > time, now.milliseconds <= Self.largestMilliseconds {
            return EventID(milliseconds: now.milliseconds, sequence: 0)
        }
        // If the sequence is at its largest, the addition carries into the milliseconds, as intended.
        return EventID(rawValue: rawValue + 1)
    }

    /// True when `left` was committed before `right`.
    package static func < (left: EventID, right: EventID) -> Bool { left.rawValue < right.rawValue }
}

extension EventID: LosslessStringConvertible {
    /// Parses `<milliseconds>-<sequence>`: digits without sign, blanks or leading zeros. Nil for anything else, such as
    /// ids of another hub.
    package init?(_ description: String) {
        self.init(WireText(description))
    }

    /// Parses an id from outside.
    package init?(_ text: WireText) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 2,
            let milliseconds = Self.number(parts[0], upTo: Self.largestMilliseconds),
            let sequence = Self.number(parts[1], upTo: Self.largestSequence)
        else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    /// The id in the wire's format.
    package var description: String { "\(milliseconds)-\(sequence)" }

    private static func number(_ digits: Substring.UTF8View, upTo largest: Int64) -> Int64? {
        guard let first = digits.first, digits.count <= 13, digits.count == 1 || first != UInt8(ascii: "0") else {
            return nil
        }
        var value: Int64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return value <= largest ? value : nil
    }
}
