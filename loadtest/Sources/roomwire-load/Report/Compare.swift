internal import ArgumentParser
internal import Foundation
internal import Wire

/// `roomwire-load compare`: reports side by side.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a table of reports: medians, and ratios to the label that was measured first.",
        discussion: "The file holds what --json printed, a report a line. Several runs of a scenario give medians.")

    @Argument(help: ArgumentHelp("The reports.", valueName: "file"))
    var file: String

    @Flag(help: "All figures, not only those that servers are compared by.")
    var all = false

    func run() throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ValidationError("\(file) cannot be read.")
        }
        var comparison = Comparison(hasAllFigures: all)
        for line in data.split(separator: 0x0A) {
            guard let report = (try? JSONReader.value(Array(line)))?.object else {
                throw ValidationError("\(file) holds a line that is no report.")
            }
            comparison.add(report)
        }
        print(comparison.table)
    }
}

/// Medians of several runs, and their ratios to the first label's.
struct Comparison {
    /// What servers are compared by.
    static let keyFigures: Set<String> = [
        "private_memory_per_stream", "cpu_per_stream", "cpu_per_delivery", "cpu_per_event", "cpu_per_resume",
        "latency_p50", "latency_p99", "answer_p50", "answer_p99", "events_per_second", "seconds_until_caught_up",
        "private_memory_growth", "resident_memory_slope", "tester_late_p99",
    ]

    /// What has no ratio, since the first server's is next to nothing, or none of the server's.
    static let figuresWithoutRatio: Set<String> = [
        "private_memory_per_stream", "private_memory_growth", "tester_late_p99",
    ]

    private struct Cell: Hashable {
        let scenario: String
        let figure: String
        let label: String
    }

    private let hasAllFigures: Bool
    private var labels: [String] = []
    private var rows: [(scenario: String, figure: String, unit: String)] = []
    private var values: [Cell: [Double]] = [:]
    private var faults: [String: Int64] = [:]

    /// Without reports yet.
    init(hasAllFigures: Bool = true) {
        self.hasAllFigures = hasAllFigures
    }

    /// Takes a report in.
    mutating func add(_ report: JSONObject) {
        guard let name = report["scenario"]?.string?.string, let label = report["label"]?.string?.string,
            let figures = report["figures"]?.object
        else { return }
        // The same scenario with other streams is another row.
        let streams = figures["streams"]?.double.map { ", \(Report.text($0)) streams" } ?? ""
        let scenario = name + streams
        if !labels.contains(label) { labels.append(label) }
        faults[label, default: 0] += report["faults"]?.integer ?? 0
        for member in figures.members {
            let name = member.name.string
            guard let value = member.value.double, name != "streams",
                hasAllFigures || Self.keyFigures.contains(name)
            else { continue }
            if !rows.contains(where: { $0.scenario == scenario && $0.figure == name }) {
                rows.append((scenario, name, report["units"]?.object?[member.name]?.string?.string ?? ""))
            }
            values[Cell(scenario: scenario, figure: name, label: label), default: []].append(value)
        }
    }

    /// A median, of an even number of values the mean of the middle two.
    static func median(_ values: [Double]) -> Double? {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return nil }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// The median of a figure, and its ratio to the first label's.
    func value(_ scenario: String, _ figure: String, _ label: String) -> (median: Double, ratio: Double?)? {
        func median(_ label: String) -> Double? {
            Self.median(values[Cell(scenario: scenario, figure: figure, label: label)] ?? [])
        }
        guard let own = median(label) else { return nil }
        guard label != labels.first, !Self.figuresWithoutRatio.contains(figure),
            let first = labels.first.flatMap(median), first != 0
        else { return (own, nil) }
        return (own, own / first)
    }

    /// The table, in Markdown.
    var table: String {
        let head = ["scenario", "figure"] + labels
        let body = rows.map { row in
            [row.scenario, Report.title(row.figure) + (row.unit.isEmpty ? "" : ", \(row.unit)")]
                + labels.map { text(value(row.scenario, row.figure, $0)) }
        }
        let last = ["all", "faults"] + labels.map { String(faults[$0] ?? 0) }
        let rule = head.indices.map { $0 < 2 ? "---" : "---:" }
        return ([head, rule] + body + [last]).map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }

    private func text(_ value: (median: Double, ratio: Double?)?) -> String {
        guard let value else { return "" }
        return Report.text(value.median) + (value.ratio.map { " (\(Report.text($0)) x)" } ?? "")
    }
}
