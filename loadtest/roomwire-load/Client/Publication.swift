internal import EventLoop
internal import Events
internal import Webhooks

/// How an event is published.
enum Publication {
    /// As LiveKit would: its body, signed.
    case livekit(any Provider)
    /// By a template, in which `{marker}` stands for the event's.
    case template(body: String, headers: [(name: String, value: String)])

    /// The request that publishes event `number`.
    func request(_ number: Int, marker: Marker, to endpoint: Endpoint) -> [UInt8] {
        switch self {
        case .livekit(let provider):
            let now = System.wallMilliseconds()
            let body = Self.livekitBody(number, marker: marker.text(number), now: now)
            let signed = provider.sign(body, idempotencyKey: marker.text(number), now: now)
            return Self.request(body, headers: signed.map { ($0.name, $0.value) }, to: endpoint)
        case .template(let body, let headers):
            let parts = body.split(separator: "{marker}", omittingEmptySubsequences: false)
            let text = parts.joined(separator: marker.text(number))
            return Self.request(Array(text.utf8), headers: headers, to: endpoint)
        }
    }

    private static func request(
        _ body: [UInt8], headers: [(name: String, value: String)], to endpoint: Endpoint
    ) -> [UInt8] {
        endpoint.head("POST", headers: headers + [("Content-Length", String(body.count))]) + body
    }

    /// Somebody joins a room, and leaves it with the next event, so that the room does not grow.
    private static func livekitBody(_ number: Int, marker: String, now: EpochMilliseconds) -> [UInt8] {
        let seconds = String(now / 1000)
        return JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("event", number % 2 == 0 ? "participant_joined" : "participant_left")
                writer.member("room") { room in
                    room.member("sid", "RM_loadtest00001")
                    room.member("name", "load")
                    room.member("creationTime", seconds)
                }
                writer.member("participant") { participant in
                    participant.member("sid", "PA_load\(number / 2)")
                    participant.member("identity", "guest-\(number / 2)")
                    participant.member("name", marker)
                    participant.member("state", number % 2 == 0 ? "ACTIVE" : "DISCONNECTED")
                    participant.member("joinedAt", seconds)
                }
                writer.member("id", "EV_\(marker)")
                writer.member("createdAt", seconds)
            }
        }
    }
}
