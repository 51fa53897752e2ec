internal import EventLoop
internal import Histogram
internal import Platform

/// Measures how late this program itself is while a server is measured: a timer is due every millisecond, and runs when
/// the loop comes to it.
///
/// That is what a socket waits, too, that has become readable: for what the loop still has to read, for the core when
/// others have it, and for the whole machine when that is a virtual one and stands still.
final class StallMeter {
    /// How late its moments were.
    private(set) var lateness = Lateness()
    private var ticker: Ticker?
    private var isRunning = false

    /// A meter that does not run yet.
    init(on loop: Loop) throws(SystemError) {
        ticker = try Ticker(on: loop) { [weak self] in self?.lateness.ran(at: SteadyClock.nanoseconds()) }
    }

    /// Begins to measure, or ends it. What was measured before is kept.
    func run(_ isOn: Bool) {
        guard isOn != isRunning else { return }
        isRunning = isOn
        let now = SteadyClock.nanoseconds()
        guard isOn else {
            ticker?.stop()
            return lateness.ran(at: now)
        }
        lateness.start(at: now)
        ticker?.start(at: now + Lateness.intervalNanoseconds, every: Lateness.intervalNanoseconds)
    }
}

/// How late the moments of a timer were.
struct Lateness {
    /// How far its moments are apart.
    static let intervalNanoseconds: Int64 = 1_000_000

    /// By how much, in microseconds.
    private(set) var microseconds = Tally.histogram()
    private var due: Int64 = 0

    /// Nothing measured yet.
    init() {}

    /// Begins: the first moment is an interval after `now`.
    mutating func start(at now: Int64) {
        due = now + Self.intervalNanoseconds
    }

    /// Notes that the timer ran at `now`: that is when all moments since the last time had their turn, each as late as
    /// it is by now. So a standstill counts with every moment in it, not as one that was late.
    mutating func ran(at now: Int64) {
        while due <= now {
            microseconds.record(min(Tally.longestMicroseconds, UInt64(now - due) / 1000))
            due += Self.intervalNanoseconds
        }
    }
}
