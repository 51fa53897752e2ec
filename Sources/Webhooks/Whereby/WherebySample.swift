internal import Events
internal import Wire

/// The webhooks of a short meeting as Whereby sends them. A session starts when the second person joins and ends when
/// only one is left.
struct WherebySample {
    private let room: String
    private let startedAt: WallTime
    private let sessionID = SampleCast.uuid()

    /// A meeting in `room`.
    init(room: String, startedAt: WallTime) {
        self.room = room
        self.startedAt = startedAt
    }

    private struct Guest {
        let person: SampleCast.Person
        let role: String
        let id = SampleCast.uuid()
    }

    /// The whole meeting, about half a minute.
    func steps() -> [SampleStep] {
        var script = SampleScript(startedAt: startedAt)
        let guests = SampleCast.people(3).enumerated().map { Guest(person: $1, role: $0 == 0 ? "host" : "visitor") }
        let recording = SampleCast.uuid()
        client("room.client.joined", guests[0], present: 1, after: 0, to: &script)
        client("room.client.knocked", guests[1], present: 1, after: 3, to: &script)
        client("room.client.joined", guests[1], present: 2, after: 2, to: &script)
        add("room.session.started", after: 0.2, to: &script) { _ in }
        client("room.client.joined", guests[2], present: 3, after: 4, to: &script)
        client("room.client.left", guests[2], present: 2, after: 9, to: &script)
        client("room.client.left", guests[1], present: 1, after: 4, to: &script)
        add("room.session.ended", after: 3, to: &script) { _ in }
        client("room.client.left", guests[0], present: 0, after: 1, to: &script)
        add("recording.finished", after: 3, to: &script) { writer in
            writer.member("recordingId", recording)
            writer.member("filename", "\(recording).mp4")
            writer.member("status", "completed")
        }
        return script.steps
    }

    private func add(
        _ type: String, after delaySeconds: Double, to script: inout SampleScript,
        members: (inout JSONWriter) -> Void
    ) {
        let id = SampleCast.id("", length: 64)
        script.add(after: delaySeconds, idempotencyKey: id) { now in
            JSONWriter.bytes { writer in
                writer.object { writer in
                    writer.member("id", id)
                    writer.member("apiVersion", "1.0")
                    writer.member("createdAt", time: now)
                    writer.member("type", type)
                    writer.member("data") { writer in
                        writer.member("roomName", "/" + room)
                        writer.member("subdomain", "example")
                        writer.member("roomSessionId", sessionID)
                        members(&writer)
                    }
                }
            }
        }
    }

    private func client(
        _ type: String, _ guest: Guest, present: Int64, after delaySeconds: Double, to script: inout SampleScript
    ) {
        add(type, after: delaySeconds, to: &script) { writer in
            writer.member("displayName", guest.person.name)
            writer.member("participantId", guest.id)
            writer.member("externalId", guest.person.identity)
            guard type == "room.client.joined" || type == "room.client.left" else { return }
            writer.member("roleName", guest.role)
            writer.member("numClients", present)
            writer.member("isDialIn", false)
        }
    }
}
