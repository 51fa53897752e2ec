internal import Fanout
internal import Platform
internal import Wire

/// Ends the streams of one loop in steps, so that their clients do not all reconnect at once.
struct Drain {
    static let stepMilliseconds: Int64 = 100
    private let perStep: Int
    private let spreadMilliseconds: Int64
    private let deadline: SteadyTime
    /// True once no stream was left. The loop ends in the next step, after the last bytes are written.
    var hasEndedAll = false

    /// - Parameters:
    ///   - milliseconds: how long the drain may take.
    ///   - count: the number of streams.
    ///   - spreadMilliseconds: the time over which their clients should reconnect. The streams end over that time as
    ///     well.
    init(milliseconds: Int64, count: Int, spreadMilliseconds: Int64) {
        let steps = max(1, min(milliseconds, spreadMilliseconds) / Self.stepMilliseconds - 1)
        perStep = max(1, Int((Int64(count) + steps - 1) / steps))
        self.spreadMilliseconds = spreadMilliseconds
        deadline = SteadyTime.now() + milliseconds
    }

    /// True when the time is over, even if streams are left.
    var isLate: Bool { SteadyTime.now() >= deadline }

    /// Ends some streams.
    /// - Returns: false when none is left or the time is over.
    func step(_ hub: Hub) -> Bool {
        hub.drain(upTo: perStep, spreadMilliseconds: spreadMilliseconds) > 0 && !isLate
    }
}
