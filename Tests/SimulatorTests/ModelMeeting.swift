import Events
import TestSupport
import Wire

/// What a provider knows of its rooms, and the webhooks that it sends about them.
struct ModelMeeting {
    /// A participant inside.
    struct Person: Equatable {
        var id: WireText
        var joinedAt: WallTime
        var tracks: [WireText] = []
    }

    /// One session of a room.
    struct Session: Equatable {
        var id: WireText
        var startedAt: WallTime
        var people: [Person] = []
    }

    static let source: WireText = "livekit"
    static let names: [WireText] = ["a", "b", "a b/*"]

    private(set) var sessions: [WireText: Session] = [:]
    /// Those who have left the session of a room, and may come back under their ids.
    private var gone: [WireText: [WireText]] = [:]
    private var number = 0

    /// Lets one thing happen; returns the webhooks about it.
    mutating func happen(at now: WallTime, _ dice: inout SeededGenerator) -> [Draft] {
        let name = dice.pick(Self.names)
        guard let session = sessions[name] else { return start(name, now) }
        let hasPeople = !session.people.isEmpty
        switch dice.below(100) {
        case 0..<35: return join(name, now, &dice)
        case 35..<55 where hasPeople: return leave(name, dice.below(session.people.count), now, &dice)
        case 55..<72 where hasPeople: return publish(name, dice.below(session.people.count), now)
        case 72..<82 where hasPeople: return unpublish(name, dice.below(session.people.count), now)
        case 90..<96: return finish(name, now, &dice)
        case 96..<98:
            // The provider is killed: its next session has the name, and nothing tells of the end of this one.
            sessions[name] = nil
            return start(name, now)
        default: return []
        }
    }

    private mutating func draft(_ type: EventType, _ name: WireText, _ session: Session, at now: WallTime) -> Draft {
        number += 1
        var event = Event(type: type, source: Self.source, provider: "livekit", room: name, receivedAt: now)
        event.data.room = Room(name: name, id: session.id)
        event.data.room?.startedAt = session.startedAt
        return Draft(event: event, idempotencyKey: "EV_\(number)")
    }

    private mutating func start(_ name: WireText, _ now: WallTime) -> [Draft] {
        number += 1
        let session = Session(id: "RM_\(number)", startedAt: now)
        sessions[name] = session
        gone[name] = []
        return [draft(.roomStarted, name, session, at: now)]
    }

    private mutating func join(_ name: WireText, _ now: WallTime, _ dice: inout SeededGenerator) -> [Draft] {
        guard var session = sessions[name] else { return [] }
        number += 1
        var person = Person(id: "PA_\(number)", joinedAt: now)
        if dice.percent(25), let back = gone[name]?.popLast() { person.id = back }
        session.people.append(person)
        sessions[name] = session
        return [about(person, .participantJoined, name, session, now)]
    }

    private mutating func leave(
        _ name: WireText, _ index: Int, _ now: WallTime, _ dice: inout SeededGenerator
    ) -> [Draft] {
        guard var session = sessions[name] else { return [] }
        let person = session.people.remove(at: index)
        sessions[name] = session
        gone[name, default: []].append(person.id)
        return [about(person, dice.percent(10) ? .participantConnectionAborted : .participantLeft, name, session, now)]
    }

    private mutating func finish(_ name: WireText, _ now: WallTime, _ dice: inout SeededGenerator) -> [Draft] {
        guard let session = sessions.removeValue(forKey: name) else { return [] }
        var drafts: [Draft] = []
        // A room that is deleted may end before the stays in it.
        if dice.percent(60) {
            drafts = session.people.map { about($0, .participantLeft, name, session, now) }
        }
        var draft = draft(.roomFinished, name, session, at: now)
        draft.event.data.room?.endedAt = now
        return drafts + [draft]
    }

    private mutating func publish(_ name: WireText, _ index: Int, _ now: WallTime) -> [Draft] {
        guard var session = sessions[name] else { return [] }
        number += 1
        session.people[index].tracks.append("TR_\(number)")
        sessions[name] = session
        return [track("TR_\(number)", .trackPublished, session.people[index], name, session, now)]
    }

    private mutating func unpublish(_ name: WireText, _ index: Int, _ now: WallTime) -> [Draft] {
        guard var session = sessions[name], let id = session.people[index].tracks.popLast() else { return [] }
        sessions[name] = session
        return [track(id, .trackUnpublished, session.people[index], name, session, now)]
    }

    private mutating func about(
        _ person: Person, _ type: EventType, _ name: WireText, _ session: Session, _ now: WallTime
    ) -> Draft {
        var draft = draft(type, name, session, at: now)
        draft.event.data.participant = Participant(id: person.id, identity: person.id)
        draft.event.data.participant?.joinedAt = person.joinedAt
        return draft
    }

    private mutating func track(
        _ id: WireText, _ type: EventType, _ person: Person, _ name: WireText, _ session: Session, _ now: WallTime
    ) -> Draft {
        var draft = draft(type, name, session, at: now)
        draft.event.data.participant = Participant(id: person.id, identity: person.id)
        draft.event.data.track = Track(id: id, kind: "audio")
        return draft
    }
}

extension ModelMeeting.Session {
    /// What the relay knows of a room, in the model's terms.
    init(_ state: RoomState) {
        self.init(id: state.room.id ?? "", startedAt: state.room.startedAt ?? 0)
        people = state.participants.map { inside in
            ModelMeeting.Person(
                id: inside.participant.id, joinedAt: inside.participant.joinedAt ?? 0, tracks: inside.tracks.map(\.id))
        }
    }

    /// Without the order in which webhooks happened to arrive.
    var inOrder: Self {
        var sorted = self
        sorted.people = people.map { person in
            var person = person
            person.tracks.sort()
            return person
        }.sorted { $0.id < $1.id }
        return sorted
    }
}
