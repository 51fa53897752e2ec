internal import Events
internal import Wire

/// The webhooks of a short meeting as Daily sends them: three people and a recording. Daily has no track events.
struct DailySample {
    private let room: String
    private let meetingID = SampleCast.uuid()
    private let startedAt: WallTime

    /// A meeting in `room`.
    init(room: String, startedAt: WallTime) {
        self.room = room
        self.startedAt = startedAt
    }

    private struct Guest {
        let person: SampleCast.Person
        let isOwner: Bool
        let session = SampleCast.uuid()
        var joinedAt = WallTime(milliseconds: 0)
    }

    /// The whole meeting, about 40 seconds.
    func steps() -> [SampleStep] {
        var script = SampleScript(startedAt: startedAt)
        var guests = SampleCast.people(3).enumerated().map { Guest(person: $1, isOwner: $0 == 0) }
        add("meeting.started", id: "met-sta-\(meetingID)", after: 0, to: &script) { writer, _ in
            writer.member("start_ts", Self.seconds(startedAt))
            writer.member("meeting_id", meetingID)
            writer.member("room", room)
        }
        for index in guests.indices { join(&guests[index], after: index == 0 ? 0.2 : 4, to: &script) }
        record(startedBy: guests[0], after: 3, to: &script)
        for guest in guests.reversed() { leave(guest, after: 4, to: &script) }
        add("meeting.ended", id: "met-end-\(meetingID)", after: 5, to: &script) { writer, now in
            writer.member("start_ts", startedAt.milliseconds / 1000)
            writer.member("end_ts", Self.seconds(now))
            writer.member("meeting_id", meetingID)
            writer.member("room", room)
        }
        return script.steps
    }

    private static func seconds(_ time: WallTime) -> Double { Double(time.milliseconds) / 1000 }

    private func add(
        _ type: String, id: String, after delaySeconds: Double, to script: inout SampleScript,
        payload: (inout JSONWriter, WallTime) -> Void
    ) {
        // The number at the end makes the id of a repeated kind of event a new one.
        let id = "\(id)-\(script.now.milliseconds + Int64(delaySeconds * 1000))"
        script.add(after: delaySeconds, idempotencyKey: id) { now in
            JSONWriter.bytes { writer in
                writer.object { writer in
                    writer.member("version", "1.0.0")
                    writer.member("type", type)
                    writer.member("id", id)
                    writer.member("payload") { payload(&$0, now) }
                    writer.member("event_ts", Self.seconds(now))
                }
            }
        }
    }

    private func join(_ guest: inout Guest, after delaySeconds: Double, to script: inout SampleScript) {
        guest.joinedAt = script.now + Int64(delaySeconds * 1000)
        let joined = guest
        add("participant.joined", id: "ptcpt-join-\(guest.session)", after: delaySeconds, to: &script) { writer, _ in
            write(joined, to: &writer)
        }
    }

    private func leave(_ guest: Guest, after delaySeconds: Double, to script: inout SampleScript) {
        add("participant.left", id: "ptcpt-left-\(guest.session)", after: delaySeconds, to: &script) { writer, now in
            write(guest, to: &writer)
            writer.member("duration", Double(now - guest.joinedAt) / 1000)
        }
    }

    private func write(_ guest: Guest, to writer: inout JSONWriter) {
        writer.member("room", room)
        writer.member("user_id", guest.person.identity)
        writer.member("user_name", guest.person.name)
        writer.member("session_id", guest.session)
        writer.member("joined_at", Self.seconds(guest.joinedAt))
        writer.member("will_eject_at", JSONValue.null)
        writer.member("owner", guest.isOwner)
        writer.member("permissions") { writer in
            writer.member("hasPresence", true)
            writer.member("canSend", true)
            writer.member("canReceive") { $0.member("base", true) }
            writer.member("canAdmin", guest.isOwner)
        }
        writer.member("networkQualityState", "good")
    }

    private func record(startedBy guest: Guest, after delaySeconds: Double, to script: inout SampleScript) {
        let recording = SampleCast.uuid()
        let from = script.now + Int64(delaySeconds * 1000)
        add("recording.started", id: "rec-sta-\(recording)", after: delaySeconds, to: &script) { writer, _ in
            writer.member("action", "start-cloud-recording")
            writer.member("recording_id", recording)
            writer.member("layout") { $0.member("preset", "default") }
            writer.member("started_by", guest.session)
            writer.member("instance_id", recording)
            writer.member("start_ts", from.milliseconds / 1000)
        }
        add("recording.ready-to-download", id: "rec-rtd-\(recording)", after: 10, to: &script) { writer, now in
            writer.member("type", "cloud")
            writer.member("recording_id", recording)
            writer.member("room_name", room)
            writer.member("start_ts", from.milliseconds / 1000)
            writer.member("status", "finished")
            writer.member("max_participants", Int64(3))
            writer.member("duration", (now - from) / 1000)
            writer.member("share_token", SampleCast.id("", length: 24))
            writer.member("s3_key", "\(room)/\(from.milliseconds)")
            writer.member("tracks", JSONValue.null)
        }
    }
}
