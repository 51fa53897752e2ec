internal import Platform
internal import Webhooks
internal import Wire

/// Writes the requests that publish events.
struct Publication {
    /// How an event is published.
    enum Form {
        /// As LiveKit would: its body, signed.
        case livekit(LiveKitSigner)
        /// By a template, in which `{id}` stands for what the event is known by.
        case template(Template)
    }

    private let form: Form
    private let head: Template
    private let marker: Marker
    /// Written anew for each event, since its length stands before it.
    private var body: [UInt8] = []

    /// What is published with these headers, as events of one run.
    init(_ form: Form, headers: [HeaderTemplate], to endpoint: Endpoint, marker: Marker) {
        self.form = form
        self.marker = marker
        head = endpoint.head("POST", headers: headers)
    }

    /// Writes the request that publishes an event to a room, in place of what `request` held.
    mutating func write(_ label: Marker.Label, room: Int, to request: inout [UInt8]) {
        let now = WallClock.now()
        let marker = marker
        let fill = { (place: Template.Place, bytes: inout [UInt8]) in
            switch place {
            case .id: marker.append(label, to: &bytes)
            case .n: bytes.appendDigits(label.sequence)
            case .room: Audience.appendName(of: room, to: &bytes)
            case .time: bytes.appendDigits(Int(now.milliseconds))
            case .user: return false
            }
            return true
        }
        request.removeAll(keepingCapacity: true)
        body.removeAll(keepingCapacity: true)
        head.append(to: &request, fill)
        switch form {
        case .livekit(let signer):
            let id = marker.text(label)
            body = Self.livekitBody(label, id: id, room: Audience.name(of: room), now: now)
            for header in signer.headers(for: body, id: WireText(id), now: now) {
                request.append(contentsOf: header.name.utf8)
                request.append(contentsOf: ": ".utf8)
                request.append(contentsOf: header.value.utf8)
                request.append(contentsOf: "\r\n".utf8)
            }
        case .template(let template): template.append(to: &body, fill)
        }
        request.append(contentsOf: "Content-Length: ".utf8)
        request.appendDigits(body.count)
        request.append(contentsOf: "\r\n\r\n".utf8)
        request.append(contentsOf: body)
    }

    /// Somebody joins a room, and leaves it with the next event, so that the room does not grow.
    private static func livekitBody(
        _ label: Marker.Label, id: String, room: String, now: WallTime
    ) -> [UInt8] {
        let seconds = String(now.milliseconds / 1000)
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
