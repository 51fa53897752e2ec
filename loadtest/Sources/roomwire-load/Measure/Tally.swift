internal import Histogram

/// Counts and times of deliveries.
struct Tally {
    /// How long a step of the timeline is.
    static let stepNanoseconds: Int64 = 100_000_000
    /// The longest latency that is told apart.
    static let longestMicroseconds: UInt64 = 600_000_000

    /// Latencies in microseconds.
    private(set) var latencies = Tally.histogram()
    /// Events shown to a stream.
    private(set) var deliveries = 0
    /// Bytes of the frames of these.
    private(set) var deliveredBytes = 0
    /// Deliveries in each step since the run began.
    private(set) var timeline: [Int] = []
    /// The step that counts now.
    private var step = 0
    private let epoch: Int64

    /// Nothing yet, of a run that began at `epoch`.
    init(epoch: Int64) {
        self.epoch = epoch
    }

    /// An empty histogram of microseconds, exact to three digits.
    static func histogram() -> Histogram<UInt64> {
        Histogram(highestTrackableValue: longestMicroseconds, numberOfSignificantValueDigits: .three)
    }

    /// Says what time it is, before what one read brought is counted.
    mutating func turn(to now: Int64) {
        step = max(0, Int((now - epoch) / Self.stepNanoseconds))
        while timeline.count <= step { timeline.append(0) }
    }

    /// Counts a delivery.
    mutating func delivered(bytes: Int, latencyNanoseconds: Int64?) {
        deliveries += 1
        deliveredBytes += bytes
        if step < timeline.count { timeline[step] += 1 }
        guard let latencyNanoseconds else { return }
        latencies.record(min(Self.longestMicroseconds, UInt64(max(0, latencyNanoseconds) / 1000)))
    }
}

/// A histogram as it goes from process to process: values with their counts.
struct Counts: Codable {
    private var values: [UInt64] = []
    private var counts: [UInt64] = []

    /// What a histogram holds.
    init(_ histogram: Histogram<UInt64>) {
        for entry in histogram.recordedValues() {
            values.append(entry.value)
            counts.append(entry.count)
        }
    }

    /// Adds it to another.
    func add(to histogram: inout Histogram<UInt64>) {
        for (value, count) in zip(values, counts) { histogram.record(value, count: count) }
    }
}
