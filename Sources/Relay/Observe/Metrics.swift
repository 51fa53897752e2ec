internal import Access
internal import Events
internal import FrontDoor
internal import Platform
internal import Webhooks

/// The relay's counts, in Prometheus' formats. Label values come from fixed sets: sources are configured,
/// reasons and outcomes are enumerated. Never a room, never a user. Every series stands on the page from the start,
/// at zero, so that a rate over its first increase is not lost.
final class Metrics: Sendable {
    /// A counter's name with what it counts.
    enum Counter: String, CaseIterable {
        case webhooks = "roomwire_webhooks_total"
        case rejections = "roomwire_webhook_rejections_total"
        case requestsRefused = "roomwire_requests_refused_total"
        case streamsRefused = "roomwire_streams_refused_total"
        case accessRefused = "roomwire_access_refused_total"
        case reloads = "roomwire_reloads_total"
        case keyFetches = "roomwire_key_fetches_total"
        case tlsHandshakes = "roomwire_tls_handshakes_total"
        case roomsFinished = "roomwire_rooms_finished_by_relay_total"
        case untracked = "roomwire_untracked_events_total"

        var help: String {
            switch self {
            case .webhooks: "Webhooks by source and outcome."
            case .rejections: "Webhooks refused, by source and reason."
            case .requestsRefused: "Requests refused before any route saw them, by status."
            case .streamsRefused: "Streams refused although their token was good, by reason."
            case .accessRefused: "Requests refused for their token or ticket, by reason."
            case .reloads: "Reloads of the settings, by outcome."
            case .keyFetches: "Fetches of issuers' keys, by issuer and outcome."
            case .tlsHandshakes: "TLS handshakes, by outcome."
            case .roomsFinished: "Rooms that the relay finished itself, by reason."
            case .untracked: "Events that would have opened a room beyond rooms.total: relayed, and the room not kept."
            }
        }
    }

    private struct Series: Hashable {
        let counter: Counter
        let labels: [String]
    }

    private struct State {
        var counts: [Series: UInt64] = [:]
        var delay: [String: Histogram] = [:]
        /// When the last webhook of each source came.
        var lastWebhooks: [String: WallTime] = [:]
        var hubs: [Int: HubReading] = [:]
    }

    /// The source of webhooks whose path names none that is set up.
    static let unknownSource = "unknown"
    static let webhookOutcomes = ["accepted", "duplicate", "answered", "refused", "unavailable"]
    static let keyOutcomes = ["ok", "timeout", "unreachable", "untrusted", "status", "too_large", "unusable"]
    static let reloadOutcomes = ["applied", "refused"]
    static let refusedStatuses = [400, 408, 413, 414, 417, 501, 503]

    private let state: Locked<State>

    init() {
        var state = State()
        func declare(_ counter: Counter, _ label: String, _ values: [String]) {
            for value in values { state.counts[Series(counter: counter, labels: [label, value])] = 0 }
        }
        declare(.requestsRefused, "status", Self.refusedStatuses.map(String.init) + ["other"])
        declare(.streamsRefused, "reason", StreamRefusal.reasons)
        declare(.accessRefused, "reason", AccessRefusal.Reason.allCases.map(\.rawValue))
        declare(.tlsHandshakes, "outcome", TLSOutcome.allCases.map(\.rawValue))
        declare(.reloads, "outcome", Self.reloadOutcomes)
        declare(.roomsFinished, "reason", RoomNotice.reasons)
        state.counts[Series(counter: .untracked, labels: [])] = 0
        for (counter, label, value) in [
            (Counter.webhooks, "outcome", "refused"), (.rejections, "reason", "unknown_source"),
        ] {
            state.counts[Series(counter: counter, labels: ["source", Self.unknownSource, label, value])] = 0
        }
        self.state = Locked(state)
    }

    /// Puts the series of these sources, and of these issuers whose keys are fetched, on the page. Those of what is
    /// gone stay.
    func declare(sources: some Sequence<String>, fetchedIssuers: [String]) {
        state.withLock { state in
            func declare(_ counter: Counter, _ names: [String], _ values: [String]) {
                for value in values {
                    state.counts[Series(counter: counter, labels: names + [value]), default: 0] += 0
                }
            }
            for issuer in fetchedIssuers { declare(.keyFetches, ["issuer", issuer, "outcome"], Self.keyOutcomes) }
            for source in sources {
                declare(.webhooks, ["source", source, "outcome"], Self.webhookOutcomes)
                declare(.rejections, ["source", source, "reason"], Rejection.Reason.allCases.map(\.rawValue))
                if state.delay[source] == nil { state.delay[source] = Histogram(bounds: Histogram.delayBoundsSeconds) }
            }
        }
    }

    /// Counts one; labels are names and values in turn.
    func count(_ counter: Counter, _ labels: String...) {
        count(counter, 1, labels)
    }

    /// Counts so many.
    func count(_ counter: Counter, _ number: Int, _ labels: [String]) {
        state.withLock { state in
            state.counts[Series(counter: counter, labels: labels), default: 0] += UInt64(number)
            if counter == .webhooks { state.lastWebhooks[labels[1]] = WallClock.now() }
        }
    }

    /// What came from each source, in the order of their names, with what came for a source that is not set up.
    func sources() -> [SourceCounts] {
        let state = state.withLock { $0 }
        func count(_ counter: Counter, _ source: String, _ label: String, _ value: String) -> UInt64 {
            state.counts[Series(counter: counter, labels: ["source", source, label, value])] ?? 0
        }
        let reasons = Rejection.Reason.allCases.map(\.rawValue) + ["unknown_source"]
        let names = Set(state.counts.keys.filter { $0.counter == .webhooks }.map { $0.labels[1] })
        return names.sorted().map { source in
            let refusals = reasons.map { (reason: $0, count: count(.rejections, source, "reason", $0)) }
            return SourceCounts(
                name: source,
                outcomes: Self.webhookOutcomes.map { (name: $0, count: count(.webhooks, source, "outcome", $0)) },
                refusals: refusals.filter { $0.count > 0 }.sorted { $0.count > $1.count },
                lastWebhookAt: state.lastWebhooks[source])
        }
    }

    /// Counts a request that the door turned away.
    func countRefused(status: Int) {
        count(.requestsRefused, "status", Self.refusedStatuses.contains(status) ? String(status) : "other")
    }

    /// An accepted webhook came so many milliseconds after what it tells of. A provider whose clock is ahead counts
    /// as not late at all.
    func delay(source: String, milliseconds: Int64) {
        state.withLock {
            $0.delay[source, default: Histogram(bounds: Histogram.delayBoundsSeconds)]
                .record(Double(milliseconds) / 1000)
        }
    }

    /// What one loop's hub has to tell, a few times a second.
    func read(_ reading: HubReading, loop: Int) {
        state.withLock { $0.hubs[loop] = reading }
    }

    /// The whole page.
    func page(_ readings: PageReadings, format: MetricsFormat) -> [UInt8] {
        let state = state.withLock { $0 }
        var page = MetricsPage(format: format)
        readings.write(to: &page)
        for counter in Counter.allCases {
            page.begin(counter.rawValue, "counter", counter.help)
            let series = state.counts.filter { $0.key.counter == counter }
            for (series, count) in series.sorted(by: { $0.key.labels.lexicographicallyPrecedes($1.key.labels) }) {
                page.sample(counter.rawValue, series.labels, "\(count)")
            }
        }
        HubReading.write(state.hubs.sorted { $0.key < $1.key }.map(\.value), to: &page)
        let delay = "roomwire_provider_delay_seconds"
        page.begin(delay, "histogram", "From what happened, by the provider's word, to the arrival of its webhook.")
        for (source, histogram) in state.delay.sorted(by: { $0.key < $1.key }) {
            page.samples(delay, ["source", source], histogram)
        }
        page.end()
        return Array(page.text.utf8)
    }
}
