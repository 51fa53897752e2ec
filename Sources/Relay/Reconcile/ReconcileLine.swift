internal import API
internal import Events
internal import Logging
internal import Wire

/// A line of the log about a pass.
struct ReconcileLine: Sendable, Equatable {
    let level: Logger.Level
    let text: String

    /// What a pass has added; nil if nothing.
    static func missed(_ report: ReconcilePass.Report, _ source: String) -> ReconcileLine? {
        guard !report.appended.isEmpty else { return nil }
        let counts = report.appended.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
        return ReconcileLine(level: .info, text: "reconciled \(source): added \(counts), whose webhooks did not come")
    }
}

/// Decides which failures of passes the log tells: each of another kind, and now and then one that goes on.
struct FailureNotice: Sendable {
    private var outcome: ReconcileOutcome?
    private var isFailing = false
    private var lastLine = SteadyTime.distantPast

    private static let silenceMilliseconds: Int64 = 60_000

    /// Notes the end of a pass.
    mutating func note(_ report: ReconcilePass.Report, _ source: String, now: SteadyTime) -> ReconcileLine? {
        let hasRecovered = isFailing && report.end.isComplete
        isFailing = !report.end.isComplete
        if hasRecovered {
            outcome = nil
            return ReconcileLine(level: .info, text: "\(source) can be reconciled again")
        }
        let isDue = lastLine == .distantPast || now - lastLine >= Self.silenceMilliseconds
        guard report.outcome != .ok, isDue || isFailing && report.outcome != outcome else { return nil }
        outcome = report.outcome
        lastLine = now
        return ReconcileLine(
            level: isFailing ? .warning : .info,
            text: "\(source) could not be reconciled as a whole: \(report.outcome.rawValue): \(report.problem ?? ""); "
                + "rooms without an answer stay as they are")
    }
}
