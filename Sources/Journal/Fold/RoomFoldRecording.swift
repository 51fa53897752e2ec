package import Events
internal import Wire

extension RoomFold {
    /// Takes in one event of the log.
    package mutating func record(_ event: Event, id: EventID) {
        hear(event, id)
        guard let key = Self.key(of: event), !event.isUntracked else { return }
        if event.isLate {
            if event.type == .roomFinished { rememberLateFinish(event, key) }
            return
        }
        if let member = event.member { return record(event, member, key, id) }
        switch event.type {
        case .roomStarted: recordStart(event, key, id)
        case .roomFinished: recordFinish(event, key, id)
        case .participantJoined: recordJoin(event, key, id)
        case .participantLeft: recordLeave(event, key, id)
        case .participantConnectionAborted: recordAbort(event, key, id)
        case .trackPublished: recordTrack(event, key, id)
        case .trackUnpublished: recordTrackEnd(event, key, id)
        case .recordingStarted, .recordingUpdated: recordRecording(event, key, id)
        case .recordingEnded, .recordingReady, .recordingFailed: recordRecordingEnd(event, key, id)
        default: break
        }
    }

    /// The room, opened if it was not: a finished session may come back, and a start may be lost or late.
    private mutating func open(_ event: Event, _ key: RoomKey, _ id: EventID) -> RoomState {
        if let session = event.session {
            memory.finishes[FoldMemory.Member(room: key, id: session)] = nil
        }
        var state =
            take(key)
            ?? RoomState(source: key.source, provider: event.provider, room: Room(name: key.name), lastEventID: id)
        if let told = event.data.room { state.room.learn(told) }
        state.lastEventID = id
        return state
    }

    private mutating func recordStart(_ event: Event, _ key: RoomKey, _ id: EventID) {
        put(key, open(event, key, id))
    }

    /// Who is inside still, after the leaves that ``expand(_:)`` put before the finish, belongs to the next session.
    private mutating func recordFinish(_ event: Event, _ key: RoomKey, _ id: EventID) {
        remember(finish: event, key)
        guard let remaining = find(key, { $0.participants.count }) else { return }
        guard remaining > 0 else { return put(key, nil) }
        change(key, id) { state in
            state.room = Room(name: key.name)
            state.recordings = []
        }
    }

    private mutating func remember(finish event: Event, _ key: RoomKey) {
        let room = event.data.room
        var finish = FoldMemory.Finish(
            isSynthetic: event.isSynthetic, isConfirmed: !event.isSynthetic,
            endedAt: room?.endedAt ?? event.timestamp, namesSession: event.session != nil)
        let isSuperseded = event.isSynthetic && room?.endReason == RoomEnd.superseded
        // Joins that happened after the last event of the room tell that it lives, whatever time it is here.
        if event.isSynthetic && !isSuperseded { finish.endedAt = heardAt(key) ?? finish.endedAt }
        if let session = event.session { memory.finishes[FoldMemory.Member(room: key, id: session)] = finish }
        // The newer session began before it was known: its joins may be older than this finish.
        if !isSuperseded { memory.finishes[FoldMemory.Member(room: key, id: FoldMemory.lastFinish)] = finish }
    }

    /// A finish that came after its time changes no room, but joins of its session that come still later are late too.
    private mutating func rememberLateFinish(_ event: Event, _ key: RoomKey) {
        guard let room = event.data.room, let session = event.session else { return }
        let member = FoldMemory.Member(room: key, id: session)
        memory.finishes[member] = FoldMemory.Finish(
            isSynthetic: memory.finishes[member]?.isSynthetic ?? false, isConfirmed: true,
            endedAt: room.endedAt ?? event.timestamp, namesSession: true)
    }

    private mutating func recordJoin(_ event: Event, _ key: RoomKey, _ id: EventID) {
        guard let participant = event.data.participant else { return }
        let member = FoldMemory.Member(room: key, id: participant.id)
        memory.departures[member] = nil
        var state = open(event, key, id)
        if let index = state.index(of: participant.id) {
            state.participants[index].participant = participant
        } else {
            let tracks = memory.earlyTracks[member] ?? []
            memory.earlyTracks[member] = nil
            state.participants.append(ParticipantState(participant: participant, tracks: tracks))
        }
        put(key, state)
    }

    private mutating func recordLeave(_ event: Event, _ key: RoomKey, _ id: EventID) {
        guard let participant = event.data.participant else { return }
        let member = FoldMemory.Member(room: key, id: participant.id)
        let wasInside = remove(participant.id, key, id)
        guard event.isSynthetic || !wasInside else { return }
        memory.departures[member] = FoldMemory.Departure(
            isSynthetic: event.isSynthetic, leftAt: participant.leftAt ?? event.timestamp,
            joinedAt: participant.joinedAt)
    }

    private mutating func recordAbort(_ event: Event, _ key: RoomKey, _ id: EventID) {
        guard let participant = event.data.participant else { return }
        remove(participant.id, key, id)
    }

    /// Removes somebody with their tracks; false, and no change of the room, if they are not inside.
    @discardableResult
    private mutating func remove(_ participantID: WireText, _ key: RoomKey, _ id: EventID) -> Bool {
        memory.earlyTracks[FoldMemory.Member(room: key, id: participantID)] = nil
        guard let index = find(key, { $0.index(of: participantID) }) else { return false }
        change(key, id) { $0.participants.remove(at: index) }
        return true
    }

    private mutating func recordTrack(_ event: Event, _ key: RoomKey, _ id: EventID) {
        guard let participant = event.data.participant, let track = event.data.track else { return }
        guard let index = find(key, { $0.index(of: participant.id) }) else {
            let member = FoldMemory.Member(room: key, id: participant.id)
            if memory.departures[member] == nil { memory.remember(early: track, of: member) }
            return
        }
        change(key, id) { $0.participants[index].tracks.replaceOrAppend(track) { $0.id == track.id } }
    }

    private mutating func recordTrackEnd(_ event: Event, _ key: RoomKey, _ id: EventID) {
        guard let participant = event.data.participant, let track = event.data.track else { return }
        memory.forget(earlyTrack: track.id, of: FoldMemory.Member(room: key, id: participant.id))
        guard let index = find(key, { $0.index(of: participant.id) }),
            let published = find(key, { $0.participants[index].tracks.firstIndex { $0.id == track.id } })
        else { return }
        change(key, id) { $0.participants[index].tracks.remove(at: published) }
    }

    /// A recording opens no room: an egress has a queue of its own and may outlive the session it belongs to.
    private mutating func recordRecording(_ event: Event, _ key: RoomKey, _ id: EventID) {
        guard let recording = event.data.recording, find(key, { !$0.isOtherSession(event) }) == true else { return }
        change(key, id) { $0.recordings.replaceOrAppend(recording) { $0.id == recording.id } }
    }

    private mutating func recordRecordingEnd(_ event: Event, _ key: RoomKey, _ id: EventID) {
        guard let recording = event.data.recording,
            let index = find(key, { $0.recordings.firstIndex { $0.id == recording.id } })
        else { return }
        change(key, id) { $0.recordings.remove(at: index) }
    }

    /// Looks into a room without holding on to it: a copy that lived on would make the change after it copy the room.
    private func find<Found>(_ key: RoomKey, _ look: (RoomState) -> Found?) -> Found? {
        state(of: key).flatMap(look)
    }

    private mutating func change(_ key: RoomKey, _ id: EventID, _ change: (inout RoomState) -> Void) {
        guard var state = take(key) else { return }
        change(&state)
        state.lastEventID = id
        put(key, state)
    }
}

extension Array {
    fileprivate mutating func replaceOrAppend(_ element: Element, where isSame: (Element) -> Bool) {
        if let index = firstIndex(where: isSame) { self[index] = element } else { append(element) }
    }
}

extension Room {
    /// Takes over what another event told of the same session; what it left out stays. It is open, so whatever
    /// tells of an end does not apply.
    mutating func learn(_ told: Room) {
        id = told.id ?? id
        startedAt = told.startedAt ?? startedAt
        metadata = told.metadata ?? metadata
    }
}
