import Events
import TestSupport
import Wire

@testable import Journal

/// Follows the commits of a journal and checks them, by rules that it does not share with the fold.
struct ReconciledFollower {
    private var fold = RoomFold()
    /// Who is inside, by what a subscriber sees.
    private var inside: [RoomKey: [WireText: WallTime]] = [:]
    private var touched: [RoomKey: EventID] = [:]
    private var reconciled: [LateTwin: Int] = [:]
    private var twins: [LateTwin: Int] = [:]

    private static let touching: Set<String> = [
        "room_started", "room_finished", "participant_joined", "participant_left", "participant_connection_aborted",
        "track_published", "track_unpublished",
    ]

    /// Takes a commit of these drafts.
    mutating func follow(_ commit: Commit, of drafts: [Draft]) throws {
        try checkConditions(of: drafts, commit)
        for logged in commit.events { try follow(logged) }
        fold.commit()
        for twin in commit.lateTwins {
            twins[twin, default: 0] += 1
            guard twins[twin, default: 0] <= reconciled[twin, default: 0] else {
                throw Failure("more \(twin.type.rawValue) were late than were reconciled")
            }
        }
    }

    /// The rooms follow from the journal's events alone.
    func compare(with rooms: [RoomState]) throws {
        guard rooms.count == fold.roomCount, rooms.allSatisfy({ fold.state(of: $0.key) == $0 }) else {
            throw Failure("the rooms are not those of the journal")
        }
        for room in rooms where Set(room.participants.map(\.participant.id)) != Set((inside[room.key] ?? [:]).keys) {
            throw Failure("joins and leaves do not add up to those inside \(room.room.name)")
        }
    }

    private mutating func checkConditions(of drafts: [Draft], _ commit: Commit) throws {
        var events = commit.events[...]
        var touched = touched
        var last: (condition: RoomCondition, holds: Bool)?
        for (draft, verdict) in zip(drafts, commit.verdicts) {
            var holds = true
            if let condition = draft.condition {
                if let last, last.condition == condition {
                    holds = last.holds
                } else {
                    holds = touched[condition.room].map { $0 <= condition.untouchedSince } ?? true
                }
                last = (condition, holds)
            } else {
                last = nil
            }
            guard holds == (verdict != .outdated) else { throw Failure("\(draft.idempotencyKey) is \(verdict)") }
            guard verdict == .new else { continue }
            // A draft's own event is the last of those that it brings.
            guard let own = events.firstIndex(where: { Self.isOwn($0.event, of: draft) }) else {
                throw Failure("\(draft.idempotencyKey) is new and brought no event")
            }
            for logged in events[...own] { Self.touch(&touched, logged) }
            events = events[(own + 1)...]
        }
        guard events.isEmpty else { throw Failure("events of no draft") }
        self.touched = touched
    }

    private static func isOwn(_ event: Event, of draft: Draft) -> Bool {
        event.type == draft.event.type && event.isReconciled == draft.event.isReconciled
            && event.isSynthetic == draft.event.isSynthetic
            && event.data.participant?.id == draft.event.data.participant?.id
            && event.data.track?.id == draft.event.data.track?.id
    }

    private static func touch(_ touched: inout [RoomKey: EventID], _ logged: JournalEvent) {
        guard let room = logged.event.room, touching.contains(logged.event.type.rawValue.string) else { return }
        touched[RoomKey(source: logged.event.source, name: room)] = logged.id
    }

    private mutating func follow(_ logged: JournalEvent) throws {
        let event = logged.event
        guard let room = event.room else { return }
        let key = RoomKey(source: event.source, name: room)
        let before = fold.state(of: key)
        fold.record(event, id: logged.id)
        let after = fold.state(of: key)
        if event.isLate, before != after { throw Failure("\(logged.id) is late and changed the room") }
        guard !event.isLate else { return }
        if event.isReconciled {
            let twin = LateTwin(source: event.source, type: event.type)
            reconciled[twin, default: 0] += 1
            if before == after { throw Failure("\(logged.id) is reconciled and changed nothing") }
        }
        try count(event, logged.id, key)
    }

    /// Joins and leaves balance: none begins or ends a stay that has begun or ended already.
    private mutating func count(_ event: Event, _ id: EventID, _ key: RoomKey) throws {
        guard let participant = event.data.participant else { return }
        let began = inside[key]?[participant.id]
        switch event.type {
        case .participantJoined:
            // Webhooks alone do not tell which of two stays under one id is the later one.
            let isOtherStay = !event.isSynthetic && began != participant.joinedAt
            guard began == nil || isOtherStay else { throw Failure("\(id) joins \(participant.id), who is inside") }
            inside[key, default: [:]][participant.id] = participant.joinedAt ?? 0
        case .participantLeft:
            if began == nil, event.isSynthetic { throw Failure("\(id) ends a stay that has ended") }
            inside[key]?[participant.id] = nil
        default: break
        }
    }
}
