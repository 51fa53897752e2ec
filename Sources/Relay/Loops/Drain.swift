internal import Fanout
internal import Platform
internal import Wire

/// Ends a loop's streams over a time, in steps, so that their clients do not all come back at once.
struct Drain {
    static let stepMilliseconds: Int64 = 100
    private let perStep: Int
    private let spreadMilliseconds: Int64
    private let deadline: SteadyTime
    /// No stream was left in the step before.
    var hasSaidGoodbye = false

    /// - Parameters:
    ///   - milliseconds: how long it may take.
    ///   - count: how many streams there are.
    ///   - spreadMilliseconds: how long their clients should take to come back; they are ended over that time as well.
    init(milliseconds: Int64, count: Int, spreadMilliseconds: Int64) {
        let steps = max(1, min(milliseconds, spreadMilliseconds) / Self.stepMilliseconds - 1)
        perStep = max(1, Int((Int64(count) + steps - 1) / steps))
        self.spreadMilliseconds = spreadMilliseconds
        deadline = SteadyTime.now() + milliseconds
    }

    /// True when the time is over, whoever is left.
    var isLate: Bool { SteadyTime.now() >= deadline }

    /// Ends some streams; false when none is left or the time is over.
    func step(_ hub: Hub) -> Bool {
        hub.drain(upTo: perStep, spreadMilliseconds: spreadMilliseconds) > 0 && !isLate
    }
}
