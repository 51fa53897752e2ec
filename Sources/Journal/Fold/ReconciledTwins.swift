package import Events
package import Wire

// The webhook that tells what reconciliation has told before: its twin. It was late and not lost, is marked late, and
// changes nothing. Each reconciled event has one twin; times tell it from events of a later stay, session or
// publication with the same id.

/// A reconciled event whose webhook arrived after it. Reconciled events less late twins are the webhooks that were
/// lost.
package struct LateTwin: Sendable, Hashable {
    /// The name of the source.
    package let source: WireText
    /// The type of the reconciled event. That of the webhook may differ: an aborted connection is the twin of a leave.
    package let type: EventType

    /// A late twin.
    package init(source: WireText, type: EventType) {
        self.source = source
        self.type = type
    }
}

extension FoldMemory {
    /// What a reconciled event and its twin have in common.
    struct Twin: Hashable, Sendable {
        let room: RoomKey
        /// The type of the reconciled event.
        let type: EventType
        /// The id of the session, of the participant or of the track; empty for a session without an id.
        let id: WireText
    }
}

extension RoomFold {
    /// The twin that a reconciled event leaves to be expected, and the time that tells it from later events; nil for
    /// events that have none.
    func expectedTwin(of event: Event, _ key: RoomKey) -> (twin: FoldMemory.Twin, time: WallTime)? {
        guard let (type, id, time) = event.reconcilable else { return nil }
        return (FoldMemory.Twin(room: key, type: type, id: id), time)
    }

    /// What reconciliation told before of what a webhook tells.
    enum Told: Equatable {
        /// The same.
        case twin(FoldMemory.Twin)
        /// A later stay under the same id: the webhook is of an earlier one.
        case laterStay
    }

    /// What reconciliation told before of what a webhook tells, so that the webhook is late; nil if nothing.
    func told(_ event: Event, _ key: RoomKey) -> Told? {
        guard !event.isSynthetic, !memory.twins.isEmpty, let (type, id, time) = event.reconcilable else { return nil }
        var twin = FoldMemory.Twin(room: key, type: type, id: id)
        var expected = memory.twins[twin]
        let namesSession = expected != nil && !id.isEmpty
        if expected == nil, type == .roomStarted || type == .roomFinished {
            // The provider's API may not tell sessions.
            twin = FoldMemory.Twin(room: key, type: type, id: "")
            expected = memory.twins[twin]
        }
        guard let expected else { return nil }
        let isLate =
            switch type {
            case .roomStarted: isTwin(start: event, time, expected, namesSession, key)
            case .roomFinished: isTwin(finish: time, expected, namesSession, key, event)
            case .participantLeft: isTwin(leave: event, expected, key)
            default: time <= expected + Limits.sessionStartSlackMilliseconds
            }
        guard isLate else { return nil }
        let isOfStay = type == .participantJoined || type == .participantLeft && event.data.participant?.joinedAt != nil
        return isOfStay && time < expected - Limits.sessionStartSlackMilliseconds ? .laterStay : .twin(twin)
    }

    private func isTwin(
        start event: Event, _ time: WallTime, _ expected: WallTime, _ namesSession: Bool, _ key: RoomKey
    ) -> Bool {
        guard namesSession, let session = event.session else {
            return time <= expected + Limits.sessionStartSlackMilliseconds
        }
        // Only a session that has ended since may start again.
        let hasEnded = memory.finishes[FoldMemory.Member(room: key, id: session)] != nil
        return !hasEnded || isOver(startOf: event, key)
    }

    private func isTwin(
        finish time: WallTime, _ expected: WallTime, _ namesSession: Bool, _ key: RoomKey, _ event: Event
    ) -> Bool {
        if let open = state(of: key), !open.isOtherSession(event) {
            // The room was opened again. Is what is open now younger than the finish?
            let began = open.participants.compactMap(\.participant.joinedAt).min() ?? open.room.startedAt
            return began.map { time < $0 } ?? false
        }
        return namesSession || time <= expected + Limits.sessionStartSlackMilliseconds
    }

    private func isTwin(leave event: Event, _ expected: WallTime, _ key: RoomKey) -> Bool {
        guard let participant = event.data.participant else { return false }
        let isOfThatStay = participant.joinedAt.map { $0 <= expected + Limits.sessionStartSlackMilliseconds }
        guard let open = state(of: key), let index = open.index(of: participant.id) else {
            return isOfThatStay ?? true
        }
        // The participant came back under the same id: only a leave that is certainly of the stay before is a twin.
        return isOfThatStay == true && participant.began(before: open.participants[index].participant)
    }

    /// True if a join begins another stay than the one under its id that reconciliation told.
    func isNewStay(_ participant: Participant, at time: WallTime, _ key: RoomKey) -> Bool {
        let twin = FoldMemory.Twin(room: key, type: .participantJoined, id: participant.id)
        guard let expected = memory.twins[twin] else { return false }
        return (participant.joinedAt ?? time) > expected + Limits.sessionStartSlackMilliseconds
    }

    /// What is to be logged for an event that reconciliation made: nothing if it would change no state. The provider's
    /// API outdoes what the fold remembers of earlier leaves and finishes: the answer is newer than they are, and so is
    /// the condition of the draft.
    func expandReconciled(_ event: Event, _ key: RoomKey) -> [Event] {
        let open = state(of: key)
        switch event.type {
        case .roomStarted:
            guard let open else { return isFull ? [] : [event] }
            if open.isOtherSession(event) { return superseding(open, by: event, key) }
            return open.room.id == nil && event.session != nil ? [event] : []
        case .roomFinished:
            guard let open, !open.isOtherSession(event) else { return [] }
            return finishing(open, by: event)
        case .participantJoined:
            guard let participant = event.data.participant else { return [] }
            guard let open else { return isFull ? [] : [event] }
            if open.isOtherSession(event) { return superseding(open, by: event, key) }
            return open.index(of: participant.id) == nil ? [event] : []
        case .participantLeft, .trackPublished, .trackUnpublished:
            guard let open, let participant = event.data.participant, let index = open.index(of: participant.id) else {
                return []
            }
            return changes(open.participants[index], by: event) ? [event] : []
        default: return [event]
        }
    }

    private func superseding(_ open: RoomState, by event: Event, _ key: RoomKey) -> [Event] {
        if isConfirmedOver(sessionOf: event, key) || open.isNewer(thanSessionOf: event) { return [] }
        return closing(open, supersededBy: event) + [event]
    }

    private func changes(_ inside: ParticipantState, by event: Event) -> Bool {
        let hasTrack = inside.tracks.contains { $0.id == event.data.track?.id }
        switch event.type {
        case .trackPublished: return event.data.track != nil && !hasTrack
        case .trackUnpublished: return hasTrack
        default:
            return event.data.participant.map { !$0.began(before: inside.participant) } ?? false
        }
    }
}

extension Event {
    /// What reconciliation tells of a difference: the type of its event, the subject's id, and the time that tells a
    /// stay, a session or a publication from later ones under the same id. Nil for other events.
    fileprivate var reconcilable: (type: EventType, id: WireText, time: WallTime)? {
        switch type {
        case .roomStarted: return (type, session ?? "", data.room?.startedAt ?? timestamp)
        case .roomFinished: return (type, session ?? "", data.room?.endedAt ?? timestamp)
        case .participantJoined, .participantLeft, .participantConnectionAborted:
            guard let participant = data.participant else { return nil }
            // LiveKit ends the stay of a participant whose connection breaks with this event.
            let type = type == .participantConnectionAborted ? .participantLeft : type
            return (type, participant.id, participant.joinedAt ?? timestamp)
        case .trackPublished, .trackUnpublished:
            guard data.participant != nil, let track = data.track else { return nil }
            return (type, track.id, timestamp)
        default: return nil
        }
    }
}
