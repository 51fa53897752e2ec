/// A Prometheus counter with a series for each value of its label. Every series is on the page from the start, at zero,
/// so that a rate includes the first increase.
package struct MetricCounter<Value: MetricLabelValue>: Sendable {
    private let name: String
    private let help: String
    private var counts: [Value: UInt64]

    /// Nothing counted yet.
    package init(_ name: String, _ help: String) {
        self.name = name
        self.help = help
        counts = Dictionary(uniqueKeysWithValues: Value.allCases.map { ($0, 0) })
    }

    /// Adds to a series.
    package mutating func count(_ value: Value, _ number: Int = 1) { counts[value, default: 0] += UInt64(number) }

    /// Writes all series.
    package func write(to page: inout MetricsPage) {
        page.begin(name, "counter", help)
        for (value, count) in counts.sorted(by: { $0.key.label < $1.key.label }) {
            page.sample(name, [MetricLabel(Value.labelName, value.label)], "\(count)")
        }
    }
}

/// A counter with a series for each pair of a name, such as a source's, and a value.
package struct MetricCounterByName<Value: MetricLabelValue>: Sendable {
    private let name: String
    private let help: String
    private let subject: MetricLabel.Name
    private var counts: [String: [Value: UInt64]] = [:]

    /// Nothing counted yet.
    /// - Parameter subject: the label for the name.
    package init(_ name: String, _ help: String, by subject: MetricLabel.Name) {
        self.name = name
        self.help = help
        self.subject = subject
    }

    /// Adds the series of a name to the page, if they are missing.
    package mutating func declare(_ name: String, _ values: [Value] = Array(Value.allCases)) {
        for value in values { counts[name, default: [:]][value, default: 0] += 0 }
    }

    /// Counts one.
    package mutating func count(_ value: Value, of name: String) {
        counts[name, default: [:]][value, default: 0] += 1
    }

    /// The names that have series, sorted.
    package var names: [String] { counts.keys.sorted() }

    /// How many were counted.
    package func count(of value: Value, of name: String) -> UInt64 { counts[name]?[value] ?? 0 }

    /// Writes all series.
    package func write(to page: inout MetricsPage) {
        page.begin(name, "counter", help)
        for (thing, values) in counts.sorted(by: { $0.key < $1.key }) {
            for (value, count) in values.sorted(by: { $0.key.label < $1.key.label }) {
                let labels = [MetricLabel(subject, thing), MetricLabel(Value.labelName, value.label)]
                page.sample(name, labels, "\(count)")
            }
        }
    }
}
