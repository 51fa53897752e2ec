import Events
import TestSupport
import Wire

@testable import Journal

/// Webhooks of meetings in a few rooms as they might really come: some lost, some twice, some out of order.
struct RandomMeetings {
    private var generator: SeededGenerator
    private var now: Int64 = 0
    private var number = 0
    private var sessions: [WireText: WireText] = [:]
    private var inside: [WireText: [Event]] = [:]
    /// Events that overtook others wait here.
    private var delayed: [Event] = []

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    mutating func int(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }

    /// The next webhooks: none if they were lost.
    mutating func next() -> [Event] {
        now += Int64.random(in: 0..<3_000, using: &generator)
        let room: WireText = "room_\(int(0..<3))"
        var events: [Event] = []
        if let event = happening(in: room), !chance(8) {
            if chance(15) { delayed.append(event) } else { events.append(event) }
        }
        if chance(20), !delayed.isEmpty { events.append(delayed.remove(at: int(0..<delayed.count))) }
        return events
    }

    private mutating func happening(in room: WireText) -> Event? {
        number += 1
        guard let session = sessions[room] else {
            sessions[room] = "RM_\(number)"
            inside[room] = []
            return Make.started("RM_\(number)", room: room, at: now)
        }
        let told = chance(30) ? nil : session
        switch int(0..<100) {
        case 0..<35:
            let event = Make.joined("PA_\(number)", room: room, session: told, at: now)
            inside[room, default: []].append(event)
            return event
        case 35..<60: return leave(room, told)
        case 60..<85: return track(room, told)
        case 85..<92: return Make.recording(.recordingStarted, "EG_\(number)", "active", session: told)
        case 92:
            // The relay finishes the room; the provider goes on.
            let reason = chance(50) ? RoomEnd.stale : RoomEnd.closed
            let key = RoomKey(source: "livekit", name: room)
            let time = start + now
            return Draft.finish(
                key, provider: "livekit", reason: reason, endedAt: chance(50) ? time : nil, now: time
            ).event
        case 93..<96:
            sessions[room] = nil
            return Make.finished(session, room: room, at: now)
        default:
            // The server was killed: the room begins anew without any word of its end.
            sessions[room] = nil
            return nil
        }
    }

    private mutating func leave(_ room: WireText, _ session: WireText?) -> Event? {
        guard let somebody = inside[room]?.indices.randomElement(using: &generator),
            let participant = inside[room]?.remove(at: somebody).data.participant
        else { return nil }
        let type = chance(8) ? EventType.participantConnectionAborted : .participantLeft
        return Make.participant(
            type, participant.id, room: room, session: session, at: now,
            joinedAt: participant.joinedAt.map { $0 - start })
    }

    private mutating func track(_ room: WireText, _ session: WireText?) -> Event? {
        guard let participant = inside[room]?.randomElement(using: &generator)?.data.participant else { return nil }
        let type = chance(60) ? EventType.trackPublished : .trackUnpublished
        return Make.track(type, "TR_\(int(0..<3))", of: participant.id, room: room, session: session)
    }
}
