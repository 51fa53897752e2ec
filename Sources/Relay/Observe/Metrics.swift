internal import EventLoop
internal import Events

/// The relay's counts, in Prometheus' text format. Label values come from fixed sets: sources are configured,
/// reasons and outcomes are enumerated. Never a room, never a user.
final class Metrics: Sendable {
    /// A counter's name with what it counts.
    enum Counter: String, CaseIterable {
        case webhooks = "roomwire_webhooks_total"
        case rejections = "roomwire_webhook_rejections_total"
        case requestsRefused = "roomwire_requests_refused_total"
        case streamsRefused = "roomwire_streams_refused_total"
        case accessRefused = "roomwire_access_refused_total"
        case tlsHandshakes = "roomwire_tls_handshakes_total"

        var help: String {
            switch self {
            case .webhooks: "Webhooks by source and outcome: accepted, duplicate, answered, refused, unavailable."
            case .rejections: "Webhooks refused, by source and reason."
            case .requestsRefused: "Requests refused before any route saw them, by status."
            case .streamsRefused: "Streams refused although their token was good, by reason."
            case .accessRefused: "Requests refused for their token or ticket, by reason."
            case .tlsHandshakes:
                "TLS handshakes, by outcome: completed, resumed, failed, plain_http, abandoned, timed_out."
            }
        }
    }

    private struct Series: Hashable {
        let counter: Counter
        let labels: [String]
    }

    private struct State {
        var counts: [Series: UInt64] = [:]
        var delay: [String: DelayHistogram] = [:]
        var hubs: [Int: HubReading] = [:]
    }

    private let state = Locked(State())

    /// Counts one; labels are names and values in turn.
    func count(_ counter: Counter, _ labels: String...) {
        state.withLock { $0.counts[Series(counter: counter, labels: labels), default: 0] += 1 }
    }

    /// An accepted webhook came so many milliseconds after what it tells of.
    func delay(source: String, milliseconds: Int64) {
        state.withLock { $0.delay[source, default: DelayHistogram()].record(milliseconds: milliseconds) }
    }

    /// What one loop's hub has to tell, a few times a second.
    func read(_ reading: HubReading, loop: Int) {
        state.withLock { $0.hubs[loop] = reading }
    }

    /// The whole page. `journal` is what the log's writer has counted.
    func page(_ journal: JournalReading) -> [UInt8] {
        let state = state.withLock { $0 }
        var page = MetricsPage()
        for counter in Counter.allCases {
            page.begin(counter.rawValue, "counter", counter.help)
            let series = state.counts.filter { $0.key.counter == counter }
            for (series, count) in series.sorted(by: { $0.key.labels.lexicographicallyPrecedes($1.key.labels) }) {
                page.sample(counter.rawValue, series.labels, "\(count)")
            }
        }
        journal.write(to: &page)
        HubReading.write(state.hubs.sorted { $0.key < $1.key }.map(\.value), to: &page)
        DelayHistogram.write(state.delay.sorted { $0.key < $1.key }, to: &page)
        return Array(page.text.utf8)
    }
}

/// Builds a page in Prometheus' text format, version 0.0.4.
struct MetricsPage {
    private(set) var text = ""

    mutating func begin(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    /// Labels are names and values in turn.
    mutating func sample(_ name: String, _ labels: [String] = [], _ value: String) {
        var pairs: [String] = []
        for index in stride(from: 0, to: labels.count - 1, by: 2) {
            pairs.append("\(labels[index])=\"\(Self.escaped(labels[index + 1]))\"")
        }
        text += pairs.isEmpty ? "\(name) \(value)\n" : "\(name){\(pairs.joined(separator: ","))} \(value)\n"
    }

    mutating func single(_ name: String, _ kind: String, _ help: String, _ value: String) {
        begin(name, kind, help)
        sample(name, [], value)
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for character in value {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
        return text
    }
}

/// How late providers are: from what happened, by their word, to its webhook.
struct DelayHistogram: Sendable {
    private static let boundsSeconds: [Double] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900]
    private var counts = [UInt64](repeating: 0, count: boundsSeconds.count)
    private var total: UInt64 = 0
    private var sumSeconds = 0.0

    /// A provider whose clock is ahead counts as not late at all.
    mutating func record(milliseconds: Int64) {
        let seconds = Double(max(0, milliseconds)) / 1000
        for (index, bound) in Self.boundsSeconds.enumerated() where seconds <= bound { counts[index] += 1 }
        total += 1
        sumSeconds += seconds
    }

    static func write(_ histograms: [(key: String, value: DelayHistogram)], to page: inout MetricsPage) {
        let name = "roomwire_provider_delay_seconds"
        page.begin(name, "histogram", "From what happened, by the provider's word, to the arrival of its webhook.")
        for (source, histogram) in histograms {
            for (bound, count) in zip(boundsSeconds, histogram.counts) {
                page.sample("\(name)_bucket", ["source", source, "le", "\(bound)"], "\(count)")
            }
            page.sample("\(name)_bucket", ["source", source, "le", "+Inf"], "\(histogram.total)")
            page.sample("\(name)_sum", ["source", source], "\(histogram.sumSeconds)")
            page.sample("\(name)_count", ["source", source], "\(histogram.total)")
        }
    }
}
