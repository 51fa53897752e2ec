internal import Events
internal import Platform
internal import Wire

/// The counts of one source of webhooks since the relay started.
struct SourceCounts: Sendable {
    let name: String
    /// Webhooks by outcome, in the order of ``WebhookOutcome``.
    let outcomes: [(name: String, count: UInt64)]
    /// Refused webhooks by reason: only reasons that have occurred, the most frequent first.
    let refusals: [(reason: String, count: UInt64)]
    /// When the last webhook arrived, accepted or not; nil if none has.
    let lastWebhookAt: WallTime?
    /// How far the provider's times lag behind the arrival of its webhooks; nil if none was accepted.
    let lag: ProviderLag?
    /// What reconciliation did; nil if it is off.
    let reconciliation: ReconcileReport?

    func write(provider: String?, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", name)
            writer.member("provider", provider)
            OutcomeCounts(outcomes: outcomes, refusals: refusals).write(to: &writer)
            writer.member("lastWebhookAt", time: lastWebhookAt)
            writer.member("lastLagMs", lag?.last)
            writer.member("leastLagMs", lag?.least(now: .now()))
            if let reconciliation { writer.member("reconciliation") { reconciliation.write(to: &$0) } }
        }
    }
}

/// What became of something, in numbers since the relay started.
struct OutcomeCounts: Sendable {
    /// By outcome, in a fixed order.
    let outcomes: [(name: String, count: UInt64)]
    /// What was refused, by reason; only reasons that have occurred, the most frequent first.
    let refusals: [(reason: String, count: UInt64)]

    /// Writes the members; the caller has opened the object.
    func write(to writer: inout JSONWriter) {
        for (name, count) in outcomes { writer.member(name, Int64(clamping: count)) }
        writer.name("refusedByReason")
        writer.object { writer in
            for (reason, count) in refusals { writer.member(reason, Int64(clamping: count)) }
        }
    }
}
