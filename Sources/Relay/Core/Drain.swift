internal import EventLoop
internal import Fanout

/// Ends a loop's streams over a time, in steps, so that their clients do not all come back at once.
struct Drain {
    static let stepMilliseconds: Int64 = 100
    private let perStep: Int
    private let spreadMilliseconds: Int64
    private let deadline: Int64
    /// No stream was left in the step before.
    var hasSaidGoodbye = false

    init(milliseconds: Int64, count: Int) {
        let steps = max(1, milliseconds / Self.stepMilliseconds - 1)
        perStep = max(1, Int((Int64(count) + steps - 1) / steps))
        spreadMilliseconds = milliseconds
        deadline = System.steadyMilliseconds() + milliseconds
    }

    /// True when the time is over, whoever is left.
    var isLate: Bool { System.steadyMilliseconds() >= deadline }

    /// Ends some streams; false when none is left or the time is over.
    func step(_ hub: Hub) -> Bool {
        hub.drain(upTo: perStep, spreadMilliseconds: spreadMilliseconds) > 0 && !isLate
    }
}
