package import Events
internal import Wire

extension RoomFold {
    /// What is to be logged for an event, in order: synthetic events first, the event itself last, marked late if
    /// it came after its time, and untracked if it would open one room more than ``mostRooms``. Nothing at all for the
    /// relay's own finish of a room that is not open any more. Changes nothing; ``record(_:id:)`` does, for each of them.
    package func expand(_ event: Event) -> [Event] {
        guard let key = Self.key(of: event) else { return [event] }
        if let member = event.member { return applies(event, member, key) ? [event] : [] }
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
        guard let open = state(of: key) else {
            return [isOver(startOf: event, key) ? event.markedLate : opening(event)]
        }
        guard open.isOtherSession(event) else { return [event] }
        if isConfirmedOver(sessionOf: event, key) || open.isNewer(thanSessionOf: event) { return [event.markedLate] }
        return closing(open, supersededBy: event) + [event]
    }

    private func expandFinish(_ event: Event, _ key: RoomKey) -> [Event] {
        guard let open = state(of: key) else {
            if event.isSynthetic { return [] }
            return [isTwinOfSyntheticFinish(event, key) ? event.markedLate : event]
        }
        if open.isOfMembers { return event.isSynthetic ? leavesOfMembers(open, by: event) : [event] }
        if event.isSynthetic { return finishing(open, by: event) }
        if open.isOtherSession(event) { return [event.markedLate] }
        let endedAt = event.data.room?.endedAt ?? event.timestamp
        return open.participants.map { event.leave(of: $0.participant, in: open.room, at: endedAt) } + [event]
    }

    private func expandJoin(_ event: Event, _ key: RoomKey) -> [Event] {
        guard let participant = event.data.participant else { return [event] }
        if isOver(stayOf: participant, event, key) || isOver(sessionOf: event, participant, key) {
            return [event.markedLate]
        }
        guard let open = state(of: key) else { return [opening(event)] }
        guard open.isOtherSession(event) else { return [event] }
        if isConfirmedOver(sessionOf: event, key) || open.isNewer(thanSessionOf: event) { return [event.markedLate] }
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
        let leaving = open.participants.map(\.participant).filter { $0.joinedAt.map { $0 < cutoff } ?? true }
        var finish = event.synthetic(.roomFinished)
        finish.data.room = open.room
        finish.data.room?.endedAt = event.timestamp
        finish.data.room?.endReason = RoomEnd.superseded
        return leaving.map { event.leave(of: $0, in: open.room, at: event.timestamp) } + [finish]
    }

    /// The finish that the relay gives a room, whatever its session is by now, with the leaves of those inside.
    private func finishing(_ open: RoomState, by event: Event) -> [Event] {
        var finish = event
        let told = event.data.room
        finish.data.room = open.room
        let heardOrTold = told?.endedAt ?? heardAt(open.key) ?? event.timestamp
        // The provider's clock may be ahead.
        let endedAt = max(heardOrTold, open.room.startedAt ?? heardOrTold)
        finish.data.room?.endedAt = endedAt
        finish.data.room?.endReason = told?.endReason
        let leaves = open.participants.map { state in
            event.leave(of: state.participant, in: open.room, at: max(endedAt, state.participant.joinedAt ?? endedAt))
        }
        return leaves + [finish]
    }

    /// An event that opens a room, which is not kept if there are too many: the event is not lost for that.
    private func opening(_ event: Event) -> Event {
        guard isFull else { return event }
        var event = event
        event.isUntracked = true
        return event
    }

    private func isTwinOfSynthetic(_ event: Event, _ key: RoomKey) -> Bool {
        guard let id = event.data.participant?.id, state(of: key)?.index(of: id) == nil else { return false }
        return memory.departures[FoldMemory.Member(room: key, id: id)]?.isSynthetic ?? false
    }

    /// True when the relay has finished the session before the provider's own finish came.
    private func isTwinOfSyntheticFinish(_ event: Event, _ key: RoomKey) -> Bool {
        let session = event.session
        if let session, let finish = memory.finishes[FoldMemory.Member(room: key, id: session)] {
            return finish.isSynthetic
        }
        // One of the two named no session, so that there is only the room to go by.
        guard let last = memory.finishes[FoldMemory.Member(room: key, id: FoldMemory.lastFinish)] else { return false }
        return last.isSynthetic && (session == nil || !last.namesSession)
    }

    /// True when the provider itself has finished the session of an event.
    private func isConfirmedOver(sessionOf event: Event, _ key: RoomKey) -> Bool {
        guard let session = event.session else { return false }
        return memory.finishes[FoldMemory.Member(room: key, id: session)]?.isConfirmed ?? false
    }

    /// True when a join belongs to a session whose finish was logged before. A session may come back under its id, as
    /// LiveKit's does where a join meets a delete, so it is late only if it happened before the end.
    ///
    /// A join that names no session, as Daily's, is judged by the last finish of the room: it is late if the provider
    /// tells when it joined, and that is before the end by more than Daily's times are apart.
    private func isOver(sessionOf event: Event, _ participant: Participant, _ key: RoomKey) -> Bool {
        if let session = event.session {
            guard let finish = memory.finishes[FoldMemory.Member(room: key, id: session)] else { return false }
            return (participant.joinedAt ?? event.timestamp) <= finish.endedAt
        }
        guard let finish = memory.finishes[FoldMemory.Member(room: key, id: FoldMemory.lastFinish)],
            let joinedAt = participant.joinedAt
        else { return false }
        return joinedAt < finish.endedAt - Limits.sessionStartSlackMilliseconds
    }

    /// True when the session's start, sent before its end, arrives after its finish was logged. A session may begin again
    /// in the second in which it ended, and LiveKit's times are whole seconds.
    private func isOver(startOf event: Event, _ key: RoomKey) -> Bool {
        guard let session = event.session else { return false }
        guard let finish = memory.finishes[FoldMemory.Member(room: key, id: session)] else { return false }
        return event.timestamp < finish.endedAt - finish.endedAt.milliseconds % 1000
    }

    /// True when the leave of just this stay was logged before its join came.
    private func isOver(stayOf participant: Participant, _ event: Event, _ key: RoomKey) -> Bool {
        guard let departure = memory.departures[FoldMemory.Member(room: key, id: participant.id)] else { return false }
        if let joinedAt = participant.joinedAt, let began = departure.joinedAt { return joinedAt <= began }
        return event.timestamp <= departure.leftAt
    }
}

extension Event {
    /// The id of the room's session that the provider tells, if any.
    var session: WireText? { data.room?.id.flatMap { $0.isEmpty ? nil : $0 } }

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
        event.isReconciled = isReconciled
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
