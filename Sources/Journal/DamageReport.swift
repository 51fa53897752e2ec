internal import Events
package import Wire

/// Which places of the journal are damaged, and when the operator is told. Every stream that needs a damaged page, and
/// retention, finds it again: each place is logged once, and then once in ``Limits/damageNoticeMilliseconds`` for as
/// long as it is found.
package struct DamageReport: Sendable, Equatable {
    private struct Place: Sendable, Equatable {
        var toldAt: SteadyTime
        var sinceTold = 0
    }

    private let path: String
    private var places: [JournalError: Place] = [:]
    /// How often damage was met.
    package private(set) var faults = 0

    /// A report about the journal in this file, without damage so far.
    package init(path: String) {
        self.path = path
    }

    /// How many places are damaged, as far as that is known; ``Limits/damagedPlaces`` at most.
    package var count: Int { places.count }

    /// One sentence for as long as the journal is damaged; nil if it is not, as far as that is known.
    package var summary: String? {
        guard !places.isEmpty else { return nil }
        let number = places.count == 1 ? "1 place" : "\(places.count) places"
        return "\(path) is damaged in \(number) or more: \(faults) reads and writes have failed since the start."
    }

    /// Counts a fault.
    /// - Returns: the line for the log; nil if the place was told lately.
    package mutating func record(_ fault: JournalError, now: SteadyTime) -> String? {
        faults += 1
        let isKnown = places[fault] != nil || places.count < Limits.damagedPlaces - 1
        let fault = isKnown ? fault : Self.elsewhere
        guard var place = places[fault] else {
            places[fault] = Place(toldAt: now)
            return "\(fault). \(path) is damaged: events in that place cannot be sent or removed; new events are "
                + "appended. Stop the relay and \(JournalError.remedy(path))"
        }
        place.sinceTold += 1
        defer { places[fault] = place }
        guard now - place.toldAt >= Limits.damageNoticeMilliseconds else { return nil }
        defer { place = Place(toldAt: now) }
        return "\(fault). \(path) is still damaged: found \(place.sinceTold) times since this was last logged"
    }

    private static let elsewhere = JournalError(operation: "read and write", text: "damaged in many places")
}
