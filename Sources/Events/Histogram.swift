/// How often something measured fell below each of some bounds: what Prometheus calls a histogram. A value, so that
/// each thread counts in its own and the page adds them up.
public struct Histogram: Sendable, Equatable {
    /// Upper bounds, growing; beyond the last there is one more bucket.
    public let bounds: [Double]
    private var counts: [UInt64]
    /// The sum of everything measured.
    public private(set) var sum = 0.0

    /// Nothing measured yet.
    public init(bounds: [Double]) {
        self.bounds = bounds
        counts = [UInt64](repeating: 0, count: bounds.count + 1)
    }

    /// Counts one measurement. What is below zero, by clocks that disagree, counts as zero.
    public mutating func record(_ value: Double) {
        let value = max(0, value)
        var bucket = 0
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        counts[bucket] += 1
        sum += value
    }

    /// Adds what another histogram of the same bounds has counted.
    public mutating func add(_ other: Histogram) {
        precondition(bounds == other.bounds, "histograms of different bounds cannot be added")
        for index in counts.indices { counts[index] += other.counts[index] }
        sum += other.sum
    }

    /// How many were measured.
    public var count: UInt64 { counts.reduce(0, +) }

    /// For each bound how many were at or below it.
    public var cumulative: [UInt64] {
        var total: UInt64 = 0
        return counts.dropLast().map { count in
            total += count
            return total
        }
    }

    /// Seconds, from a millisecond to ten seconds: for work that should take milliseconds.
    public static let latencyBoundsSeconds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// Seconds, from a tenth to a quarter of an hour: for what somebody else takes.
    public static let delayBoundsSeconds: [Double] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900]
}
