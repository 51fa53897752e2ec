internal import EventLoop
internal import Events
internal import Webhooks

/// How an event is published.
enum Publication {
    /// As LiveKit would: its body, signed.
    case livekit(any Provider)
    /// By a template, in which `{id}` stands for what the event is known by.
    case template(body: Template, headers: [HeaderTemplate])

    /// The request that publishes an event to a room.
    func request(_ label: Marker.Label, room: Int, marker: Marker, to endpoint: Endpoint) -> [UInt8] {
        let id = marker.text(label)
        let now = System.wallMilliseconds()
        let values = [
            ("id", id), ("n", String(label.sequence)), ("room", Audience.name(of: room)), ("time", String(now)),
        ]
        switch self {
        case .livekit(let provider):
            let body = Self.livekitBody(label, id: id, room: Audience.name(of: room), now: now)
            let signed = provider.sign(body, idempotencyKey: id, now: now)
            return Self.request(body, headers: signed.map { ($0.name, $0.value) }, to: endpoint, values)
        case .template(let body, let headers):
            let filled = headers.map { ($0.name, $0.value.filled(values)) }
            return Self.request(Array(body.filled(values).utf8), headers: filled, to: endpoint, values)
        }
    }

    private static func request(
        _ body: [UInt8], headers: [(name: String, value: String)], to endpoint: Endpoint, _ values: Template.Values
    ) -> [UInt8] {
        endpoint.head("POST", headers: headers + [("Content-Length", String(body.count))], values) + body
    }

    /// Somebody joins a room, and leaves it with the next event, so that the room does not grow.
    private static func livekitBody(
        _ label: Marker.Label, id: String, room: String, now: EpochMilliseconds
    ) -> [UInt8] {
        let seconds = String(now / 1000)
        let isJoin = label.sequence % 2 == 0
        let guest = "\(label.channel)-\(label.sequence / 2)"
        return JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("event", isJoin ? "participant_joined" : "participant_left")
                writer.member("room") { writer in
                    writer.member("sid", "RM_" + room)
                    writer.member("name", room)
                    writer.member("creationTime", seconds)
                }
                writer.member("participant") { participant in
                    participant.member("sid", "PA_" + guest)
                    participant.member("identity", "guest-" + guest)
                    participant.member("name", id)
                    participant.member("state", isJoin ? "ACTIVE" : "DISCONNECTED")
                    participant.member("joinedAt", seconds)
                }
                writer.member("id", "EV_" + id)
                writer.member("createdAt", seconds)
            }
        }
    }
}
