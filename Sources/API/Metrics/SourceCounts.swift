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

    func write(provider: String?, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", name)
            writer.member("provider", provider)
            for (name, count) in outcomes { writer.member(name, Int64(clamping: count)) }
            writer.name("refusedByReason")
            writer.object { writer in
                for (reason, count) in refusals { writer.member(reason, Int64(clamping: count)) }
            }
            writer.member("lastWebhookAt", time: lastWebhookAt)
        }
    }
}
