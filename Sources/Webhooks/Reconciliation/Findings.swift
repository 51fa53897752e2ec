internal import Events
internal import Wire

/// The differences that one answer shows in one room, and the corrections of those that are certain.
struct Findings {
    let before: [Difference: Observation]
    let times: AskedTimes
    let graceMilliseconds: Int64
    /// Whether no event has changed the room for a grace.
    let isQuiet: Bool
    /// Providers round times down to whole seconds.
    private static let resolutionMilliseconds: Int64 = 1_000
    private(set) var after: [Difference: Observation] = [:]
    private(set) var corrections: [Correction] = []

    /// Nothing found yet.
    init(before: [Difference: Observation], times: AskedTimes, graceMilliseconds: Int64, isQuiet: Bool) {
        self.before = before
        self.times = times
        self.graceMilliseconds = graceMilliseconds
        self.isQuiet = isQuiet
    }

    /// Notes a difference.
    /// - Parameters:
    ///   - happenedAt: when it happened by the provider's clock; nil if only two answers can confirm it.
    ///   - correct: makes the draft under a key; nil if the difference has to stay.
    mutating func missed(
        _ difference: Difference, happenedAt: WallTime? = nil, correct: (Observation, ReconcileKey) -> Draft?
    ) {
        let observation = before[difference] ?? Observation(since: times.answered, missedAt: times.providerNow)
        guard after.updateValue(observation, forKey: difference) == nil else { return }
        let isConfirmed = before[difference] != nil && times.asked - observation.since >= graceMilliseconds
        guard isConfirmed || isOld(happenedAt), observation.attempts < Observation.mostAttempts else { return }
        let key = ReconcileKey(difference: difference, attempt: observation.attempts)
        guard let draft = correct(observation, key) else { return }
        corrections.append(
            Correction(draft: draft, room: draft.condition?.room.name ?? "", difference: difference))
    }

    private func isOld(_ happenedAt: WallTime?) -> Bool {
        guard isQuiet, let happenedAt else { return false }
        return times.providerNow - happenedAt > graceMilliseconds + Self.resolutionMilliseconds
    }
}

/// The key under which the journal drops a reconciled event that it has already.
struct ReconcileKey {
    let difference: Difference
    let attempt: Int

    /// `reconcile:<type>:<id>`. The id of a session or a participant may return; then the journal has seen the key, and
    /// the next attempt has one of its own.
    func text(head: EventID) -> WireText {
        let key: WireText = "reconcile:\(difference.type.rawValue):\(difference.subject)"
        return attempt == 0 ? key : "\(key):\(head)"
    }
}
