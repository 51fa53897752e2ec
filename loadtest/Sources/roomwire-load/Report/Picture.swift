internal import Glibc
internal import Histogram

/// A run in one picture: latency by percentile, deliveries over time, processor time and memory of the server.
struct Picture {
    private static let blue = "#1f6feb"
    private static let orange = "#c4570b"
    private static let green = "#1a7f4b"
    private static let purple = "#7a3fb5"
    /// How many points a curve over time has at most.
    private static let mostPoints = 240

    let report: Report
    /// Of deliveries, in microseconds.
    let latencies: Histogram<UInt64>
    /// Of answers to what was published.
    let answers: Histogram<UInt64>?
    /// Deliveries in each step of the tally.
    let timeline: [Int]
    /// What was seen of the server.
    let samples: [Sampler.Sample]

    /// The file.
    var svg: String {
        var canvas = Canvas(width: 1000, height: 760)
        canvas.text("\(report.label): \(report.scenario)", 24, 40, size: 22, isBold: true)
        for (index, line) in summary.enumerated() {
            canvas.text(line, 24, 64 + Double(index) * 18, size: 13, color: Canvas.soft)
        }
        let plots = [latencyPlot, deliveryPlot, cpuPlot, memoryPlot]
        for (index, plot) in plots.enumerated() {
            let left = 24 + Double(index % 2) * 488
            plot.draw(on: &canvas, left: left, top: 116 + Double(index / 2) * 322, width: 464, height: 312)
        }
        return canvas.svg
    }

    /// The figures that say most, in at most two lines.
    private var summary: [String] {
        let names = [
            "streams", "events", "deliveries", "private_memory_per_stream", "private_memory_growth", "cpu_per_stream",
            "cpu_per_event", "cpu_per_delivery", "cpu_per_resume", "seconds_until_caught_up", "events_per_second",
            "resident_memory_slope", "latency_p99", "answer_p99",
        ]
        var parts = names.compactMap { name in
            report.figures.first { $0.name == name }.map { figure in
                figure.title + " " + Report.text(figure.value)
                    + (figure.unit.isEmpty ? "" : " " + figure.unit)
            }
        }
        parts.append("faults \(report.faults.count)")
        let half = parts.count > 5 ? (parts.count + 1) / 2 : parts.count
        return [parts.prefix(half), parts.dropFirst(half)].filter { !$0.isEmpty }.map { $0.joined(separator: "  ·  ") }
    }

    private var latencyPlot: Plot {
        var curves: [Plot.Curve] = []
        var highest = 1.0
        for (name, color, histogram) in [
            ("delivery", Self.blue, latencies), ("answer to publisher", Self.orange, answers ?? Tally.histogram()),
        ] where histogram.totalCount > 0 {
            let points = Self.percentiles(histogram)
            highest = max(highest, points.last?.x ?? 1)
            curves.append(Plot.Curve(name: name, color: color, points: points))
        }
        let values = curves.flatMap { $0.points.map(\.y) }
        // Where 1 in 2, 1 in 10, 1 in 100, ... is slower.
        let ticks: [(Double, String)] = [
            (0, "0%"), (log10(2.0), "50%"), (1, "90%"), (2, "99%"), (3, "99.9%"), (4, "99.99%"), (5, "99.999%"),
        ]
        return Plot(
            title: "Latency by percentile, ms", caption: "percentile",
            x: Plot.Axis(scale: .linear, lowest: 0, highest: highest, ticks: ticks.filter { $0.0 <= highest }),
            y: .decades(from: values.min() ?? 1, to: values.max() ?? 10), curves: curves,
            excuse: "nothing was timed")
    }

    /// Latency in milliseconds over the nines of its percentile: 1 is 90 %, 2 is 99 %.
    static func percentiles(_ histogram: Histogram<UInt64>) -> [(x: Double, y: Double)] {
        let last = min(5, log10(Double(max(10, histogram.totalCount))))
        let steps = Int(last * 20)
        return (0...steps).map { step in
            let nines = Double(step) / 20
            let value = histogram.valueAtPercentile(100 * (1 - pow(10, -nines)))
            return (nines, Double(max(1, value)) / 1000)
        }
    }

    private var deliveryPlot: Plot {
        let stepSeconds = Double(Tally.stepNanoseconds) / 1e9
        let width = max(1, (timeline.count + Self.mostPoints - 1) / Self.mostPoints)
        var points: [(x: Double, y: Double)] = []
        for start in stride(from: 0, to: timeline.count, by: width) {
            let part = timeline[start..<min(timeline.count, start + width)]
            let rate = Double(part.reduce(0, +)) / (Double(part.count) * stepSeconds)
            points.append(((Double(start) + Double(part.count) / 2) * stepSeconds, rate))
        }
        let hasSome = points.contains { $0.y > 0 }
        return overTime(
            "Deliveries per second", hasSome ? points : [], color: Self.green, excuse: "nothing was delivered")
    }

    private var cpuPlot: Plot {
        overTime(
            "Processor time of the server, % of a core", samples.map { ($0.seconds, $0.cpuPercent) },
            color: Self.purple, excuse: "no --server-pid")
    }

    private var memoryPlot: Plot {
        overTime(
            "Resident memory of the server, MiB", samples.map { ($0.seconds, Double($0.residentBytes) / 1_048_576) },
            color: Self.orange, excuse: "no --server-pid")
    }

    private func overTime(
        _ title: String, _ points: [(x: Double, y: Double)], color: String, excuse: String
    ) -> Plot {
        let end = max(samples.last?.seconds ?? 0, Double(timeline.count) * Double(Tally.stepNanoseconds) / 1e9, 0.1)
        return Plot(
            title: title, caption: "seconds", x: .time(end), y: .upTo((points.map(\.y).max() ?? 1) * 1.04),
            curves: [Plot.Curve(name: title, color: color, points: Self.thinned(points), isFilled: true)],
            excuse: excuse)
    }

    /// At most so many points that a long run is no long file: means of neighbours.
    private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let width = (points.count + mostPoints - 1) / mostPoints
        guard width > 1 else { return points }
        return stride(from: 0, to: points.count, by: width).map { start in
            let part = points[start..<min(points.count, start + width)]
            let count = Double(part.count)
            return (part.reduce(0) { $0 + $1.x } / count, part.reduce(0) { $0 + $1.y } / count)
        }
    }
}
