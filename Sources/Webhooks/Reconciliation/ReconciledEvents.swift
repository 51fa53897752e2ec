internal import Events
internal import Wire

/// Makes the events of one room that were missed.
struct ReconciledEvents {
    let source: WireText
    let provider: WireText
    let room: WireText
    /// The journal's head before the provider was asked.
    let head: EventID
    let now: WallTime
    let redacted: @Sendable (Event) -> Event

    private func event(_ type: EventType, in session: Room, at time: WallTime?) -> Event {
        var event = Event(type: type, source: source, provider: provider, room: room, receivedAt: now)
        event.isSynthetic = true
        event.isReconciled = true
        event.timestamp = time ?? now
        event.data.room = session
        return event
    }

    private func draft(_ event: Event, _ key: ReconcileKey) -> Draft {
        Draft(
            event: redacted(event), idempotencyKey: key.text(head: head),
            condition: RoomCondition(room: RoomKey(source: source, name: room), untouchedSince: head))
    }

    /// The session in events that are not about it: without its metadata, which may be large.
    private func brief(_ session: Room) -> Room {
        var brief = Room(name: room, id: session.id)
        brief.startedAt = session.startedAt
        return brief
    }

    func start(_ session: Room, at time: WallTime?, _ key: ReconcileKey) -> Draft {
        draft(event(.roomStarted, in: session, at: time), key)
    }

    func finish(_ session: Room, at time: WallTime, _ key: ReconcileKey) -> Draft {
        let end = session.startedAt.map { max($0, time) } ?? time
        var event = event(.roomFinished, in: session, at: end)
        event.data.room?.endedAt = end
        event.data.room?.durationSeconds = WireTime.seconds(from: session.startedAt, to: end)
        event.data.room?.endReason = Reconciliation.endReason
        return draft(event, key)
    }

    func join(of participant: Participant, into session: Room, _ key: ReconcileKey) -> Draft {
        var event = event(.participantJoined, in: brief(session), at: participant.joinedAt)
        event.data.participant = participant
        return draft(event, key)
    }

    func leave(of participant: Participant, from session: Room, at time: WallTime, _ key: ReconcileKey) -> Draft {
        let end = participant.joinedAt.map { max($0, time) } ?? time
        var event = event(.participantLeft, in: brief(session), at: end)
        var participant = participant
        participant.leftAt = end
        participant.durationSeconds = WireTime.seconds(from: participant.joinedAt, to: end)
        event.data.participant = participant
        return draft(event, key)
    }

    func publish(_ track: Track, of participant: Participant, in session: Room, _ key: ReconcileKey) -> Draft {
        draft(trackEvent(.trackPublished, track, participant, session), key)
    }

    func unpublish(_ track: Track, of participant: Participant, in session: Room, _ key: ReconcileKey) -> Draft {
        draft(trackEvent(.trackUnpublished, track, participant, session), key)
    }

    /// Providers do not tell when a track was published: it counts as published now. Of the participant it tells the
    /// ids, as a provider's own events do.
    private func trackEvent(_ type: EventType, _ track: Track, _ participant: Participant, _ session: Room) -> Event {
        var event = event(type, in: brief(session), at: nil)
        event.data.participant = Participant(id: participant.id, identity: participant.identity, kind: participant.kind)
        event.data.track = track
        return event
    }
}
