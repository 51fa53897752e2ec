internal import Access
internal import Events
package import FrontDoor
internal import Platform
package import Telemetry
internal import Webhooks
internal import Wire

/// The relay's counters, and the metrics page. Label values come from fixed sets: sources and issuers from the
/// settings, reasons and outcomes from enums. No label names a room or a user.
package final class Metrics: Sendable {
    private struct State {
        var webhooks = MetricCounterByName<WebhookOutcome>(
            "roomwire_webhooks_total", "Webhooks by source and outcome.", by: .source)
        var rejections = MetricCounterByName<WebhookRefusal>(
            "roomwire_webhook_rejections_total", "Webhooks refused, by source and reason.", by: .source)
        var requestsRefused = MetricCounter<RefusedStatus>(
            "roomwire_requests_refused_total", "Requests refused before any route saw them, by status.")
        var streamsRefused = MetricCounter<StreamRefusal.Reason>(
            "roomwire_streams_refused_total", "Streams refused although their token was good, by reason.")
        var accessRefused = MetricCounter<AccessRefusal.Reason>(
            "roomwire_access_refused_total", "Requests refused for their token or ticket, by reason.")
        var publications = MetricCounter<PublishOutcome>(
            "roomwire_publications_total", "Events that clients published, by outcome.")
        var publicationsRefused = MetricCounter<ClientRefusal.Reason>(
            "roomwire_publication_refusals_total", "Events of clients that were refused, by reason.")
        var reloads = MetricCounter<ReloadOutcome>(
            "roomwire_reloads_total", "Reloads of the settings, by outcome.")
        var keyFetches = MetricCounterByName<KeyFetchOutcome>(
            "roomwire_key_fetches_total", "Fetches of issuers' keys, by issuer and outcome.", by: .issuer)
        var tlsHandshakes = MetricCounter<TLSOutcome>(
            "roomwire_tls_handshakes_total", "TLS handshakes, by outcome.")
        var roomsFinished = MetricCounter<RoomEndLabel>(
            "roomwire_rooms_finished_by_relay_total", "Rooms that the relay finished itself, by reason.")
        var reconciliation = ReconcileCounters()
        var untracked = 0
        /// How far each provider's times lag.
        var lags: [String: ProviderLag] = [:]
        var delay: [String: Histogram] = [:]
        /// When the last webhook of each source arrived.
        var lastWebhooks: [String: WallTime] = [:]
        var hubs: [Int: HubReading] = [:]

        func write(to page: inout MetricsPage) {
            webhooks.write(to: &page)
            rejections.write(to: &page)
            requestsRefused.write(to: &page)
            streamsRefused.write(to: &page)
            accessRefused.write(to: &page)
            publications.write(to: &page)
            publicationsRefused.write(to: &page)
            reloads.write(to: &page)
            keyFetches.write(to: &page)
            tlsHandshakes.write(to: &page)
            roomsFinished.write(to: &page)
            page.single(
                "roomwire_untracked_events_total", "counter",
                "Events that would have opened a room beyond rooms.total: relayed, and the room not kept.",
                "\(untracked)")
            reconciliation.write(to: &page, now: SteadyTime.now())
        }
    }

    /// The label for webhooks whose path names no source in the settings.
    static let unknownSource = "unknown"

    private let state: Locked<State>

    /// Metrics that have counted nothing.
    package init() {
        var state = State()
        state.webhooks.declare(Self.unknownSource, [.refused])
        state.rejections.declare(Self.unknownSource, [.unknownSource])
        self.state = Locked(state)
    }

    /// Adds the series of these sources, and of these issuers whose keys are fetched, to the page. The series of
    /// sources that a reload has removed stay.
    package func declare(sources: some Sequence<String>, fetchedIssuers: [String]) {
        state.withLock { state in
            for issuer in fetchedIssuers { state.keyFetches.declare(issuer) }
            for source in sources {
                state.webhooks.declare(source)
                state.rejections.declare(source, Rejection.Reason.allCases.map(WebhookRefusal.rejected))
                if state.delay[source] == nil { state.delay[source] = Histogram(bounds: Histogram.delayBoundsSeconds) }
            }
        }
    }

    /// Counts a webhook.
    func count(_ outcome: WebhookOutcome, of source: String) {
        state.withLock { state in
            state.webhooks.count(outcome, of: source)
            state.lastWebhooks[source] = WallClock.now()
        }
    }

    /// Counts a webhook that was refused, and why.
    func count(_ refusal: WebhookRefusal, of source: String) {
        state.withLock { state in
            state.webhooks.count(.refused, of: source)
            state.rejections.count(refusal, of: source)
            state.lastWebhooks[source] = WallClock.now()
        }
    }

    /// The counts of each source, in the order of their names, and those of ``unknownSource``.
    func sources() -> [SourceCounts] {
        let state = state.withLock { $0 }
        return state.webhooks.names.map { source in
            let refusals = WebhookRefusal.allCases.map {
                (reason: $0.label, count: state.rejections.count(of: $0, of: source))
            }
            return SourceCounts(
                name: source,
                outcomes: WebhookOutcome.allCases.map {
                    (name: $0.label, count: state.webhooks.count(of: $0, of: source))
                },
                refusals: refusals.filter { $0.count > 0 }.sorted { $0.count > $1.count },
                lastWebhookAt: state.lastWebhooks[source], lag: state.lags[source],
                reconciliation: state.reconciliation.report(of: source))
        }
    }

    /// What clients published.
    func published() -> OutcomeCounts {
        let state = state.withLock { $0 }
        let refusals = ClientRefusal.Reason.allCases.map {
            (reason: $0.label, count: state.publicationsRefused.count(of: $0))
        }
        return OutcomeCounts(
            outcomes: PublishOutcome.allCases.map { (name: $0.label, count: state.publications.count(of: $0)) },
            refusals: refusals.filter { $0.count > 0 }.sorted { $0.count > $1.count })
    }

    /// Counts a fetch of an issuer's keys.
    package func count(_ outcome: KeyFetchOutcome, of issuer: String) {
        state.withLock { $0.keyFetches.count(outcome, of: issuer) }
    }

    /// Counts a stream, page or list that was refused to a client with a valid token.
    func count(_ reason: StreamRefusal.Reason) { state.withLock { $0.streamsRefused.count(reason) } }

    /// Counts a request that was refused for its token or ticket.
    func count(_ reason: AccessRefusal.Reason) { state.withLock { $0.accessRefused.count(reason) } }

    /// Counts an event that a client published; one that was refused is counted by its reason.
    func count(_ outcome: PublishOutcome) { state.withLock { $0.publications.count(outcome) } }

    /// Counts an event of a client that was refused, and why.
    func count(_ reason: ClientRefusal.Reason) {
        state.withLock { state in
            state.publications.count(.refused)
            state.publicationsRefused.count(reason)
        }
    }

    /// Counts a reload.
    package func count(_ outcome: ReloadOutcome) { state.withLock { $0.reloads.count(outcome) } }

    /// Counts a handshake.
    package func count(_ outcome: TLSOutcome) { state.withLock { $0.tlsHandshakes.count(outcome) } }

    /// Counts rooms that the relay closed itself.
    package func count(_ reason: RoomEndLabel, rooms: Int) { state.withLock { $0.roomsFinished.count(reason, rooms) } }

    /// Counts events that would have opened a room beyond `rooms.total`.
    package func count(untracked events: Int) { state.withLock { $0.untracked += events } }

    /// Counts a request that the front door refused.
    package func countRefused(status: Int) { state.withLock { $0.requestsRefused.count(RefusedStatus(status)) } }

    /// Records the delay of an accepted webhook: from the time that the provider gives for the event to its receipt. It
    /// is negative if the provider's clock is ahead, and counts as 0 then.
    func delay(source: String, milliseconds: Int64) {
        state.withLock {
            $0.delay[source, default: Histogram(bounds: Histogram.delayBoundsSeconds)]
                .record(Double(milliseconds) / 1000)
            $0.lags[source, default: ProviderLag()].record(milliseconds, now: SteadyTime.now())
        }
    }

    /// The least lag of a source's webhooks in the last minutes, in milliseconds; nil if none came. A negative one is of
    /// a provider whose clock is ahead.
    package func leastLag(of source: String) -> Int64? {
        state.withLock { $0.lags[source]?.least(now: SteadyTime.now()) }
    }

    /// Webhooks of a source that the relay could not take.
    package func unavailable(of source: String) -> UInt64 {
        state.withLock { $0.webhooks.count(of: .unavailable, of: source) }
    }

    /// Changes the counts of reconciliation.
    package func reconcile(_ change: (inout ReconcileCounters) -> Void) {
        state.withLock { change(&$0.reconciliation) }
    }

    /// Stores the counts of one loop's hub. Each loop calls this a few times a second.
    package func read(_ reading: HubReading, loop: Int) {
        state.withLock { $0.hubs[loop] = reading }
    }

    /// Writes the whole page.
    package func page(_ readings: PageReadings, format: MetricsFormat) -> [UInt8] {
        let state = state.withLock { $0 }
        var page = MetricsPage(format: format)
        readings.write(to: &page)
        state.write(to: &page)
        HubReading.write(state.hubs.sorted { $0.key < $1.key }.map(\.value), to: &page)
        let delay = "roomwire_provider_delay_seconds"
        page.begin(delay, "histogram", "From what happened, by the provider's word, to the arrival of its webhook.")
        for (source, histogram) in state.delay.sorted(by: { $0.key < $1.key }) {
            page.samples(delay, [MetricLabel(.source, source)], histogram)
        }
        page.end()
        return Array(page.text.utf8)
    }
}
