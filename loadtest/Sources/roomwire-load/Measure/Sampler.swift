internal import EventLoop

/// Looks at the server's processes a few times a second while a run lasts.
final class Sampler {
    /// How often.
    static let intervalMilliseconds: Int64 = 250

    /// What a look found.
    struct Sample: Equatable {
        /// Since the run began, in seconds.
        let seconds: Double
        /// Resident memory.
        let residentBytes: Int64
        /// Time on a processor since the look before, in percent of one core.
        let cpuPercent: Double
    }

    /// What was found so far.
    private(set) var samples: [Sample] = []
    private let meter: ProcessMeter
    private let epoch: Int64
    private var timer: LoopTimer?
    private var last: (moment: Int64, cpu: Int64)

    /// Begins to look, if there is a process to look at.
    init(_ meter: ProcessMeter, epoch: Int64, on loop: Loop) {
        self.meter = meter
        self.epoch = epoch
        last = (SteadyClock.nanoseconds(), meter.cpuNanoseconds())
        guard !meter.processes.isEmpty else { return }
        timer = LoopTimer(on: loop) { [weak self] in self?.look() }
        timer?.set(afterMilliseconds: Self.intervalMilliseconds)
    }

    private func look() {
        let now = SteadyClock.nanoseconds()
        let cpu = meter.cpuNanoseconds()
        let share = Double(cpu - last.cpu) / Double(max(1, now - last.moment)) * 100
        samples.append(
            Sample(
                seconds: Double(now - epoch) / 1e9, residentBytes: meter.residentBytes(), cpuPercent: max(0, share)))
        last = (now, cpu)
        timer?.set(afterMilliseconds: Self.intervalMilliseconds)
    }

    /// Stops looking.
    func stop() {
        timer = nil
    }

    /// How fast resident memory grows, in bytes a second: the slope of the line that fits best through what was found
    /// from `start` on, in seconds since the run began. Nil if that is less than three looks.
    static func slope(_ samples: [Sample], from start: Double) -> Double? {
        let used = samples.filter { $0.seconds >= start }
        guard used.count >= 3 else { return nil }
        let count = Double(used.count)
        let meanTime = used.reduce(0) { $0 + $1.seconds } / count
        let meanBytes = used.reduce(0) { $0 + Double($1.residentBytes) } / count
        let covariance = used.reduce(0) { $0 + ($1.seconds - meanTime) * (Double($1.residentBytes) - meanBytes) }
        let variance = used.reduce(0) { $0 + ($1.seconds - meanTime) * ($1.seconds - meanTime) }
        return variance > 0 ? covariance / variance : nil
    }
}
