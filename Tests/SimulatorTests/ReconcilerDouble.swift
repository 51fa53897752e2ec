import Events
import Journal
import Wire

/// A reconciler that is in more of a hurry than a real one: it corrects whatever differs, at once, also what webhooks on
/// their way will tell. It relies on nothing but the conditions of its drafts.
struct ReconcilerDouble {
    /// A question to the provider: what the relay knew before, and what the provider answered.
    struct Pass {
        let relay: JournalState
        let provider: [WireText: ModelMeeting.Session]
        let now: WallTime
    }

    /// Keys that the journal has: the provider's ids return, and the next correction needs a key of its own.
    private var spent: Set<WireText> = []

    /// What the relay would have to be told, a group for each room.
    func corrections(of pass: Pass) -> [[Draft]] {
        let known = Dictionary(pass.relay.rooms.map { ($0.room.name, ModelMeeting.Session($0)) }) { first, _ in first }
        return ModelMeeting.names.compactMap { name in
            let drafts = correct(name, known[name], pass.provider[name], pass)
            return drafts.isEmpty ? nil : drafts
        }
    }

    mutating func note(_ drafts: [Draft], _ verdicts: [DraftVerdict]) {
        for (draft, verdict) in zip(drafts, verdicts) where verdict != .outdated { spent.insert(draft.idempotencyKey) }
    }

    private func correct(
        _ name: WireText, _ known: ModelMeeting.Session?, _ real: ModelMeeting.Session?, _ pass: Pass
    ) -> [Draft] {
        guard let real else {
            guard let known else { return [] }
            return [draft(.roomFinished, known.id, name, known, pass)]
        }
        var drafts: [Draft] = []
        var known = known
        if known?.id != real.id {
            drafts.append(draft(.roomStarted, real.id, name, real, pass))
            known = nil
        }
        let inside = known?.people ?? []
        for person in inside {
            // A stay that goes on under another time is another stay.
            guard !real.people.contains(where: { $0.id == person.id && $0.joinedAt == person.joinedAt }) else {
                continue
            }
            drafts.append(draft(.participantLeft, person.id, name, real, pass, person))
        }
        for person in real.people {
            let before = inside.first { $0.id == person.id && $0.joinedAt == person.joinedAt }
            if before == nil { drafts.append(draft(.participantJoined, person.id, name, real, pass, person)) }
            for track in person.tracks where before?.tracks.contains(track) != true {
                drafts.append(draft(.trackPublished, track, name, real, pass, person))
            }
            for track in before?.tracks ?? [] where !person.tracks.contains(track) {
                drafts.append(draft(.trackUnpublished, track, name, real, pass, person))
            }
        }
        return drafts
    }

    private func draft(
        _ type: EventType, _ subject: WireText, _ name: WireText, _ session: ModelMeeting.Session, _ pass: Pass,
        _ person: ModelMeeting.Person? = nil
    ) -> Draft {
        let head = pass.relay.extent.head
        var event = Event(
            type: type, source: ModelMeeting.source, provider: "livekit", room: name, receivedAt: pass.now)
        (event.isSynthetic, event.isReconciled) = (true, true)
        event.data.room = Room(name: name, id: session.id)
        event.data.room?.startedAt = session.startedAt
        if type == .roomFinished { event.data.room?.endedAt = pass.now }
        if let person {
            event.data.participant = Participant(id: person.id, identity: person.id)
            event.data.participant?.joinedAt = person.joinedAt
        }
        if type == .trackPublished || type == .trackUnpublished {
            event.data.track = Track(id: subject, kind: "audio")
        }
        let key: WireText = "reconcile:\(type.rawValue):\(subject)"
        return Draft(
            event: event, idempotencyKey: spent.contains(key) ? "\(key):\(head)" : key,
            condition: RoomCondition(
                room: RoomKey(source: ModelMeeting.source, name: name), untouchedSince: head))
    }
}
