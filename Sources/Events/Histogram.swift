/// Counts measurements by upper bounds: a Prometheus histogram. It is a value, so that each thread can have its own and
/// the metrics page adds them up.
package struct Histogram: Sendable, Equatable {
    /// Upper bounds in ascending order. There is one more bucket above the last.
    package let bounds: [Double]
    private var counts: [UInt64]
    /// The sum of all measurements.
    package private(set) var sum = 0.0

    /// A histogram without measurements.
    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = [UInt64](repeating: 0, count: bounds.count + 1)
    }

    /// Counts one measurement. A negative one, by clocks that disagree, counts as zero.
    package mutating func record(_ value: Double) {
        let value = max(0, value)
        var bucket = 0
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        counts[bucket] += 1
        sum += value
    }

    /// Adds the counts of another histogram with the same bounds.
    package mutating func add(_ other: Histogram) {
        precondition(bounds == other.bounds, "histograms of different bounds cannot be added")
        for index in counts.indices { counts[index] += other.counts[index] }
        sum += other.sum
    }

    /// The number of measurements.
    package var count: UInt64 { counts.reduce(0, +) }

    /// For each bound, the number of measurements at or below it.
    package var cumulative: [UInt64] {
        var total: UInt64 = 0
        return counts.dropLast().map { count in
            total += count
            return total
        }
    }

    /// Bounds in seconds, from a millisecond to ten seconds: for work that should take milliseconds.
    package static let latencyBoundsSeconds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// Bounds in seconds, from a tenth of a second to a quarter of an hour: for delays that senders and networks cause.
    package static let delayBoundsSeconds: [Double] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900]
}
