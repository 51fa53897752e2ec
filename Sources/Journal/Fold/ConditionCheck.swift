package import Events
internal import Wire

/// Checks the conditions of the drafts of one batch, in order: once for each group, before its first draft.
package struct ConditionCheck: Sendable {
    private var last: (condition: RoomCondition, holds: Bool)?

    /// A check of a batch that begins.
    package init() {}

    /// True if the draft may be appended. The fold has recorded the drafts before it.
    package mutating func holds(for draft: Draft, in fold: RoomFold) -> Bool {
        guard let condition = draft.condition else {
            last = nil
            return true
        }
        if let last, last.condition == condition { return last.holds }
        let holds = fold.isUntouched(condition.room, since: condition.untouchedSince)
        last = (condition, holds)
        return holds
    }
}

extension Draft {
    /// True if its idempotency key decides whether it is appended again. The relay's own finishes, and what it tells of
    /// members, have no key: the fold decides whether they still apply.
    package var hasKey: Bool { event.member == nil && (!event.isSynthetic || event.isReconciled) }
}

extension RoomFold {
    /// True if no event that was recorded after `id` touched the room; see ``RoomCondition``. False if that is not
    /// known: the room is not open, and it was closed longer ago than the fold remembers.
    func isUntouched(_ key: RoomKey, since id: EventID) -> Bool {
        guard id >= touchesKnownSince else { return false }
        if let last = lastTouch(of: key) { return last <= id }
        // Of the rooms that are not remembered, none was touched later than the one that was touched longest ago.
        guard closedTouches.count >= Limits.rememberedTouches, let oldest = closedTouches.oldest else { return true }
        return id >= oldest
    }

    private func lastTouch(of key: RoomKey) -> EventID? {
        if let touched = newSigns[key]?.touched { return touched }
        guard let open = state(of: key) else { return closedTouches[key] }
        return max(open.lastEventID, signs[key]?.touched ?? .zero)
    }
}

extension EventType {
    /// True if the fold does something about events of this type.
    var touchesRoom: Bool {
        switch self {
        case .roomStarted, .roomFinished, .participantJoined, .participantLeft, .participantConnectionAborted,
            .trackPublished, .trackUnpublished, .recordingStarted, .recordingUpdated, .recordingEnded,
            .recordingReady, .recordingFailed:
            true
        default: false
        }
    }
}
