package import Events
internal import Wire

/// Builds a page in one of Prometheus' formats.
package struct MetricsPage {
    private let format: MetricsFormat
    /// What has been written so far.
    package private(set) var text = ""

    /// A page without metrics.
    package init(format: MetricsFormat = .text) {
        self.format = format
    }

    /// Begins a metric. Its samples follow.
    package mutating func begin(_ name: String, _ kind: String, _ help: String) {
        // In OpenMetrics `_total` belongs to the samples of a counter, not to its name.
        let isCounter = format == .openMetrics && kind == "counter" && name.hasSuffix("_total")
        let family = isCounter ? String(name.dropLast("_total".count)) : name
        text += "# HELP \(family) \(help)\n# TYPE \(family) \(kind)\n"
    }

    /// Ends the page. OpenMetrics has an end mark, which shows the reader that the page is complete.
    package mutating func end() {
        if format == .openMetrics { text += "# EOF\n" }
    }

    /// Writes one sample of the current metric.
    package mutating func sample(_ name: String, _ labels: [MetricLabel] = [], _ value: String) {
        let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
        text += pairs.isEmpty ? "\(name) \(value)\n" : "\(name){\(pairs.joined(separator: ","))} \(value)\n"
    }

    /// Writes a metric that has one sample without labels.
    package mutating func single(_ name: String, _ kind: String, _ help: String, _ value: String) {
        begin(name, kind, help)
        sample(name, [], value)
    }

    /// A histogram without labels.
    package mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        begin(name, "histogram", help)
        samples(name, [], histogram)
    }

    /// The samples of one histogram; ``begin(_:_:_:)`` comes before the first of its name.
    package mutating func samples(_ name: String, _ labels: [MetricLabel] = [], _ histogram: Histogram) {
        for (bound, count) in zip(histogram.bounds, histogram.cumulative) {
            sample("\(name)_bucket", labels + [MetricLabel(.bound, "\(bound)")], "\(count)")
        }
        sample("\(name)_bucket", labels + [MetricLabel(.bound, "+Inf")], "\(histogram.count)")
        sample("\(name)_sum", labels, "\(histogram.sum)")
        sample("\(name)_count", labels, "\(histogram.count)")
    }

    private static func escaped(_ value: String) -> String {
        var text = String.UnicodeScalarView()
        // By scalars: a carriage return and a newline are one character, and so are a quote and an accent.
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\".unicodeScalars
            case "\"": text += "\\\"".unicodeScalars
            case "\n": text += "\\n".unicodeScalars
            default: text.append(scalar)
            }
        }
        return String(text)
    }
}
