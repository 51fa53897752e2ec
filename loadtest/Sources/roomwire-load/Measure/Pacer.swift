internal import EventLoop
internal import Platform

/// Says when the next event is due, at a steady rate, on the loop that publishes it.
///
/// A timer wakes the loop for each event. While the loop is at work, which may be reading thousands of deliveries, it
/// asks in between (``Workplace/rest()``), so that publishing does not stop. What is late all the same counts as
/// latency, since an event is timed from the moment it was due.
final class Pacer {
    /// A wake-up costs about as much as an event: at higher rates one brings several.
    private static let shortestNanoseconds: Int64 = 100_000

    private var due: DueMoments
    private let publish: (Int64) -> Void
    private var ticker: Ticker?

    /// Gives `publish` the moments of `schedule`, `count` of them, each as soon as it has come.
    init(
        _ schedule: Schedule, count: Int, on loop: Loop, _ publish: @escaping (Int64) -> Void
    ) throws(SystemError) {
        due = DueMoments(schedule, count: count)
        self.publish = publish
        ticker = try Ticker(on: loop) { [weak self] in self?.catchUp() }
        ticker?.start(
            at: schedule.startNanoseconds, every: max(Self.shortestNanoseconds, schedule.intervalNanoseconds))
    }

    /// Publishes all that is due by now.
    func catchUp() {
        guard !due.isEmpty else { return }
        let now = SteadyClock.nanoseconds()
        while let moment = due.next(at: now) { publish(moment) }
        if due.isEmpty { ticker?.stop() }
    }
}

/// The moments at which events are due, taken one after another when they have come.
struct DueMoments {
    private let schedule: Schedule
    private let count: Int
    private var taken = 0

    /// The first `count` of a schedule.
    init(_ schedule: Schedule, count: Int) {
        self.schedule = schedule
        self.count = count
    }

    /// Whether all were taken.
    var isEmpty: Bool { taken == count }

    /// The next moment, if it is not after `now`.
    mutating func next(at now: Int64) -> Int64? {
        let moment = schedule.startNanoseconds + Int64(taken) * schedule.intervalNanoseconds
        guard taken < count, moment <= now else { return nil }
        taken += 1
        return moment
    }
}
