public import Events

extension RoomFold {
    /// What is to be logged for an event, in order: synthetic events first, the event itself last, marked late if
    /// it came after its time. Changes nothing; ``record(_:id:)`` does, for each of them.
    public func expand(_ event: Event) -> [Event] {
        guard let key = Self.key(of: event) else { return [event] }
        switch event.type {
        case .roomStarted: return expandStart(event, key)
        case .roomFinished: return expandFinish(event, key)
        case .participantJoined: return expandJoin(event, key)
        case .participantLeft: return [isTwinOfSynthetic(event, key) ? event.markedLate : event]
        case .participantConnectionAborted: return expandAbort(event, key)
        default: return [event]
        }
    }

    /// A new session of a room whose old one is open: its finish was lost or is late, so it is finished here.
    private func expandStart(_ event: Event, _ key: RoomKey) -> [Event] {
        guard let open = state(of: key), open.isOtherSession(event) else { return [event] }
        if open.isNewer(thanSessionOf: event) { return [event.markedLate] }
        return closing(open, supersededBy: event) + [event]
    }

    private func expandFinish(_ event: Event, _ key: RoomKey) -> [Event] {
        guard let open = state(of: key) else {
            let session = event.data.room?.id.map { FoldMemory.Member(room: key, id: $0) }
            let isTwin = session.map { memory.supersededSessions[$0] != nil } ?? false
            return [isTwin ? event.markedLate : event]
        }
        if open.isOtherSession(event) { return [event.markedLate] }
        let endedAt = event.data.room?.endedAt ?? event.timestamp
        return open.participants.map { event.leave(of: $0.participant, in: open.room, at: endedAt) } + [event]
    }

    private func expandJoin(_ event: Event, _ key: RoomKey) -> [Event] {
        guard let participant = event.data.participant else { return [event] }
        if isOver(stayOf: participant, event, key) { return [event.markedLate] }
        guard let open = state(of: key), open.isOtherSession(event) else { return [event] }
        if open.isNewer(thanSessionOf: event) { return [event.markedLate] }
        return closing(open, supersededBy: event) + [event]
    }

    /// Who is inside and aborts gets a leave as well, so that joins and leaves balance. One who was never inside,
    /// as is usual, does not.
    private func expandAbort(_ event: Event, _ key: RoomKey) -> [Event] {
        guard let aborted = event.data.participant, let open = state(of: key), let index = open.index(of: aborted.id)
        else { return [event] }
        var participant = open.participants[index].participant
        participant.leaveReason = aborted.leaveReason ?? "connection_aborted"
        return [event.leave(of: participant, in: open.room, at: aborted.leftAt ?? event.timestamp), event]
    }

    /// The leaves of those inside, and the finish of their session.
    ///
    /// Those who joined about when the new session began, or later, stay. They are Daily's participants of the new
    /// meeting, who name none and overtook its start.
    private func closing(_ open: RoomState, supersededBy event: Event) -> [Event] {
        let startedAt = event.data.room?.startedAt ?? event.timestamp
        let cutoff = startedAt - Limits.sessionStartSlackMilliseconds
        let leaving = open.participants.map(\.participant).filter { ($0.joinedAt ?? 0) < cutoff }
        var finish = event.synthetic(.roomFinished)
        finish.data.room = open.room
        finish.data.room?.endedAt = event.timestamp
        finish.data.room?.endReason = "superseded"
        return leaving.map { event.leave(of: $0, in: open.room, at: event.timestamp) } + [finish]
    }

    private func isTwinOfSynthetic(_ event: Event, _ key: RoomKey) -> Bool {
        guard let id = event.data.participant?.id, state(of: key)?.index(of: id) == nil else { return false }
        return memory.departures[FoldMemory.Member(room: key, id: id)]?.isSynthetic ?? false
    }

    /// True when the leave of just this stay was logged before its join came.
    private func isOver(stayOf participant: Participant, _ event: Event, _ key: RoomKey) -> Bool {
        guard let departure = memory.departures[FoldMemory.Member(room: key, id: participant.id)] else { return false }
        if let joinedAt = participant.joinedAt, let began = departure.joinedAt { return joinedAt <= began }
        return event.timestamp <= departure.leftAt
    }
}

extension Event {
    var markedLate: Event {
        var event = self
        event.isLate = true
        return event
    }

    /// An event that the relay adds beside this one.
    func synthetic(_ type: EventType) -> Event {
        var event = Event(type: type, source: source, provider: provider, room: room, receivedAt: receivedAt)
        event.timestamp = timestamp
        event.isSynthetic = true
        return event
    }

    /// A leave that the provider did not send, or has not sent yet. It tells of the room what tells its session,
    /// and not its metadata, which may be large and would be there once for everybody inside.
    func leave(of participant: Participant, in room: Room, at time: WallTime) -> Event {
        var event = synthetic(.participantLeft)
        var session = Room(name: room.name, id: room.id)
        session.startedAt = room.startedAt
        event.data.room = session
        event.data.participant = participant
        event.data.participant?.leftAt = time
        event.data.participant?.leaveReason = participant.leaveReason ?? "room_finished"
        return event
    }
}
