internal import Wire

/// The figures of one run.
struct Report {
    /// A measured value.
    struct Figure: Equatable {
        /// In words joined by underlines: `cpu_per_delivery`.
        let name: String
        /// The name as people read it: `cpu per delivery`, `latency p99.9`.
        var title: String { Report.title(name) }
        /// How much.
        let value: Double
        /// Of what; empty for a count.
        let unit: String
    }

    /// Which scenario was run.
    let scenario: String
    /// Which server it was run against.
    let label: String
    /// What was measured, in the order of the table.
    private(set) var figures: [Figure] = []
    /// What the server did wrong.
    var faults = Faults()

    init(scenario: String, label: String) {
        self.scenario = scenario
        self.label = label
    }

    /// Adds a figure.
    mutating func add(_ name: String, _ value: Double, _ unit: String) {
        figures.append(Figure(name: name, value: value, unit: unit))
    }

    /// A figure's name as people read it.
    static func title(_ name: String) -> String {
        name.replacing("p99_9", with: "p99.9").replacing("_", with: " ")
    }

    /// The table for people.
    var table: String {
        var rows = figures.map { ($0.title, Self.text($0.value), $0.unit) }
        rows.append(("faults", String(faults.count), ""))
        let width = rows.map(\.0.count).max() ?? 0
        let lines = rows.map { name, value, unit in
            name + Self.blanks(width - name.count + 14 - value.count) + value + (unit.isEmpty ? "" : " " + unit)
        }
        return (["\(label): \(scenario)"] + lines).joined(separator: "\n")
    }

    /// One line of JSON: figures with their units in the names.
    var json: String {
        JSONWriter.text { writer in
            writer.object { writer in
                writer.member("scenario", scenario)
                writer.member("label", label)
                writer.member("figures") { writer in
                    for figure in figures { writer.member(figure.name, figure.value) }
                }
                writer.member("units") { writer in
                    for figure in figures where !figure.unit.isEmpty { writer.member(figure.name, figure.unit) }
                }
                writer.member("faults", Int64(faults.count))
                writer.member("faultsByKind") { writer in
                    for (kind, count) in faults.byKind { writer.member(kind.rawValue, Int64(count)) }
                }
                writer.name("firstFaults")
                writer.array { writer in
                    for sentence in faults.sentences { writer.string(sentence) }
                }
            }
        }
    }

    /// What the server did wrong, in lines; empty if nothing.
    var faultList: String {
        guard faults.count > 0 else { return "" }
        let kinds = faults.byKind.map { "\($0.count) \($0.kind.rawValue)" }.joined(separator: ", ")
        return "\(label): \(faults.count) faults: \(kinds)\n" + faults.sentences.map { "  \($0)\n" }.joined()
            + (faults.isListed ? "" : "  and more\n")
    }

    /// A number with as many digits as one wants to read.
    static func text(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        let digits = abs(value) >= 100 ? 1.0 : abs(value) >= 10 ? 10 : 100
        let scaled = (value * digits).rounded() / digits
        return digits == 1 ? String(Int64(scaled)) : String(scaled)
    }

    static func blanks(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
