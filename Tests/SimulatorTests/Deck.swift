import Events
import Fanout
import TestSupport
import Wire

/// What a run is made of: random clients, random webhooks.
extension SeededGenerator {
    private static let rooms: [WireText] = ["a", "b", "ab", "lobby"]
    private static let users: [WireText] = ["ada", "bob", "cleo"]
    private static let types: [EventType] = [
        .roomStarted, .roomFinished, .participantJoined, .participantJoined, .participantLeft, .trackPublished,
        EventType(rawValue: "call.ringing"),
    ]

    private mutating func patterns(_ choices: [[WireText]]) -> PatternSet { PatternSet(pick(choices)) }

    private mutating func scope() -> EventScope {
        EventScope(
            rooms: patterns([["*"], ["*"], ["a"], ["a*"], ["a", "lobby"], ["*b"], ["none"]]),
            types: patterns([["*"], ["*"], ["*"], ["participant_*"], ["room_started", "call.*"]]),
            sources: patterns([["*"], ["*"], ["*"], ["livekit"]]))
    }

    mutating func client() -> Client {
        let filter = EventFilter(
            granted: percent(50) ? .everything : scope(), requested: percent(40) ? .everything : scope(),
            participants: percent(10) ? ["ada", "bob"] : [])
        let encoding: StreamFormat.Encoding = percent(60) ? .sse : .ndjson
        let format = StreamFormat(
            encoding: encoding, isNamed: percent(30), showsRaw: percent(30), isChunked: percent(50))
        return Client(user: pick(Self.users), filter: filter, format: format)
    }

    /// What a client publishes for open streams alone.
    mutating func ephemeral(number: Int, at now: WallTime) -> EphemeralEvent {
        let room = percent(90) ? pick(Self.rooms) : nil
        let type = EventType(rawValue: percent(50) ? "typing" : "call.ringing")
        var event = Event(
            type: type, source: ClientSource.name, provider: ClientSource.name, room: room, receivedAt: now)
        event.author = Principal(issuer: "own", user: pick(Self.users))
        var data: JSONObject = ["number": .string("\(number)")]
        if percent(15) {
            let user = pick(Self.users)
            event.users = [user]
            data["to"] = .string(user)
        }
        event.data = EventData(verbatim: data)
        return EphemeralEvent(event)
    }

    /// A webhook; `key` is its name for the dedupe.
    mutating func draft(key: Int, at now: WallTime) -> Draft {
        let source: WireText = percent(80) ? "livekit" : "app"
        let room = percent(90) ? pick(Self.rooms) : nil
        var event = Event(type: pick(Self.types), source: source, provider: source, room: room, receivedAt: now)
        if let room { event.data.room = Room(name: room, id: "RM_\(below(3))") }
        if percent(70) {
            let identity = pick(Self.users)
            event.data.participant = Participant(id: "PA_\(identity)\(below(2))", identity: identity)
        }
        if percent(15) { event.users = percent(50) ? [pick(Self.users)] : Self.users }
        event.data.providerEvent = "webhook-\(key)"
        let raw = percent(50) ? Array(#"{"key":\#(key)}"#.utf8) : nil
        return Draft(event: event, idempotencyKey: "\(key)", raw: raw)
    }
}
