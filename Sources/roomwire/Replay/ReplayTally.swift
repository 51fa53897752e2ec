internal import Wire

/// The counts of a replay.
struct ReplayTally: Equatable {
    var accepted = 0
    var duplicates = 0
    /// By reason, in the order of the first of each.
    private(set) var refused: [(reason: String, count: Int)] = []
    /// Lines that cannot be read.
    var unreadable = 0
    /// Events that the relay makes itself.
    var derived = 0
    var withoutBody = 0
    var otherSources = 0

    /// How many webhooks were sent.
    var sent: Int { accepted + duplicates + refusedCount }
    /// How many were refused.
    var refusedCount: Int { refused.reduce(0) { $0 + $1.count } }
    /// True if nothing was refused and every line could be read.
    var isGood: Bool { refused.isEmpty && unreadable == 0 }

    /// Counts a refusal.
    mutating func refuse(_ reason: String) {
        if let index = refused.firstIndex(where: { $0.reason == reason }) {
            refused[index].count += 1
        } else {
            refused.append((reason, 1))
        }
    }

    static func == (left: ReplayTally, right: ReplayTally) -> Bool { left.sentence == right.sentence }

    /// The summary, for a replay or for one that only tried.
    func summary(isDryRun: Bool) -> String { isDryRun ? "dry run: " + sentence : sentence }

    private var sentence: String {
        let reasons = refused.map { "\($0.count) \($0.reason)" }.joined(separator: ", ")
        var parts = [
            "sent \(sent)", "accepted \(accepted)", "duplicate \(duplicates)",
            "refused \(refusedCount)" + (reasons.isEmpty ? "" : " (\(reasons))"),
        ]
        let skipped: [(Int, String)] = [
            (derived, "made by the relay itself"), (withoutBody, "without raw body"),
            (otherSources, "of other sources"),
            (unreadable, "unreadable"),
        ]
        parts += skipped.filter { $0.0 > 0 }.map { "\($0.1) \($0.0)" }
        return parts.joined(separator: ", ")
    }
}
