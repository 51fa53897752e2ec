internal import Platform
internal import Telemetry
package import Wire

/// The counts of reconciliation, of all sources that are reconciled.
package struct ReconcileCounters: Sendable {
    private var passes = MetricCounterByName<ReconcileOutcome>(
        "roomwire_reconcile_passes_total", "Passes of reconciliation, by source and outcome.", by: .source)
    private var events = MetricCounterByName<ReconciledType>(
        "roomwire_reconciled_events_total", "Events that reconciliation added, by source and type.", by: .source)
    private var twins = MetricCounterByName<ReconciledType>(
        "roomwire_reconciled_late_webhooks_total",
        "Webhooks that came after reconciliation had added their event, by source and type.", by: .source)
    private var requests: [String: Int] = [:]
    /// When the last complete pass ended, else when reconciliation was set up.
    private var succeeded: [String: SteadyTime] = [:]
    private var last: [String: (outcome: ReconcileOutcome, at: WallTime, successAt: WallTime?)] = [:]

    init() {}

    /// Puts the series of a source on the page; nothing if they are there.
    package mutating func declare(_ source: String, now: SteadyTime) {
        passes.declare(source)
        events.declare(source)
        twins.declare(source)
        requests[source, default: 0] += 0
        succeeded[source] = succeeded[source] ?? now
    }

    /// Takes the series of a source off the page.
    package mutating func remove(_ source: String) {
        passes.remove(source)
        events.remove(source)
        twins.remove(source)
        requests[source] = nil
        succeeded[source] = nil
        last[source] = nil
    }

    /// A pass has ended.
    /// - Parameter isComplete: whether it judged every room that it should have judged.
    package mutating func passEnded(
        _ outcome: ReconcileOutcome, isComplete: Bool, requests sent: Int, of source: String, now: WallTime,
        steadyNow: SteadyTime
    ) {
        guard succeeded[source] != nil else { return }
        passes.count(outcome, of: source)
        requests[source, default: 0] += sent
        last[source] = (outcome, now, isComplete ? now : last[source]?.successAt)
        if isComplete { succeeded[source] = steadyNow }
    }

    /// An event was added.
    package mutating func added(_ type: ReconciledType, of source: String) {
        if succeeded[source] != nil { events.count(type, of: source) }
    }

    /// The webhook of an event that had been added came after all.
    package mutating func twinCame(_ type: ReconciledType, of source: String) {
        if succeeded[source] != nil { twins.count(type, of: source) }
    }

    private func lost(_ type: ReconciledType, of source: String) -> UInt64 {
        let (added, came) = (events.count(of: type, of: source), twins.count(of: type, of: source))
        return added > came ? added - came : 0
    }

    /// Writes all series.
    func write(to page: inout MetricsPage, now: SteadyTime) {
        passes.write(to: &page)
        events.write(to: &page)
        twins.write(to: &page)
        let sources = succeeded.sorted { $0.key < $1.key }
        let lost = "roomwire_webhooks_lost"
        page.begin(lost, "gauge", "Events that reconciliation added and whose webhooks have not come.")
        for (source, _) in sources {
            for type in ReconciledType.allCases {
                page.sample(
                    lost, [MetricLabel(.source, source), MetricLabel(.type, type.label)],
                    "\(self.lost(type, of: source))")
            }
        }
        let sent = "roomwire_reconcile_requests_total"
        page.begin(sent, "counter", "Requests that reconciliation sent to providers, by source.")
        for (source, _) in sources { page.sample(sent, [MetricLabel(.source, source)], "\(requests[source] ?? 0)") }
        let age = "roomwire_reconcile_last_success_age_seconds"
        page.begin(age, "gauge", "How long ago the last complete pass ended, or reconciliation was set up.")
        for (source, time) in sources {
            page.sample(age, [MetricLabel(.source, source)], "\(Double(now - time) / 1000)")
        }
    }

    /// What the admin API says of a source; nil if it is not reconciled.
    func report(of source: String) -> ReconcileReport? {
        guard succeeded[source] != nil else { return nil }
        func counts<Value: MetricLabelValue>(_ count: (Value) -> UInt64) -> [(name: String, count: UInt64)] {
            Value.allCases.map { ($0.label, count($0)) }.filter { $0.count > 0 }
        }
        return ReconcileReport(
            passes: counts { (outcome: ReconcileOutcome) in passes.count(of: outcome, of: source) },
            requests: requests[source] ?? 0, lastOutcome: last[source]?.outcome, lastPassAt: last[source]?.at,
            lastSuccessAt: last[source]?.successAt,
            reconciled: counts { (type: ReconciledType) in events.count(of: type, of: source) },
            lost: counts { (type: ReconciledType) in self.lost(type, of: source) })
    }
}

/// What reconciliation did for one source since the relay started, or since it was set up.
struct ReconcileReport: Sendable {
    /// Passes by outcome; only outcomes that have occurred.
    let passes: [(name: String, count: UInt64)]
    /// Requests to the provider.
    let requests: Int
    let lastOutcome: ReconcileOutcome?
    let lastPassAt: WallTime?
    /// When the last complete pass ended.
    let lastSuccessAt: WallTime?
    /// Events added, by type.
    let reconciled: [(name: String, count: UInt64)]
    /// Those whose webhooks have not come.
    let lost: [(name: String, count: UInt64)]

    /// Writes the members; the caller has opened the object.
    func write(to writer: inout JSONWriter) {
        func object(_ name: String, _ counts: [(name: String, count: UInt64)]) {
            writer.name(name)
            writer.object { writer in
                for (name, count) in counts { writer.member(name, Int64(clamping: count)) }
            }
        }
        object("passes", passes)
        writer.member("requests", Int64(requests))
        writer.member("lastOutcome", lastOutcome?.rawValue)
        writer.member("lastPassAt", time: lastPassAt)
        writer.member("lastSuccessAt", time: lastSuccessAt)
        object("reconciled", reconciled)
        object("lost", lost)
    }
}
