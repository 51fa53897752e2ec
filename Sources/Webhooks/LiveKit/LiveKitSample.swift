internal import Events
internal import Wire

/// The webhooks of a short meeting as a LiveKit server sends them: three people, microphones, a shared screen, a
/// recording.
struct LiveKitSample {
    private let room: String
    private let roomID = SampleCast.id("RM_")
    private let startedAt: WallTime
    private let turnPassword = SampleCast.id("", length: 43)

    /// A meeting in `room`.
    init(room: String, startedAt: WallTime) {
        self.room = room
        self.startedAt = startedAt
    }

    /// One participant's connection to the room.
    private struct Guest {
        let person: SampleCast.Person
        let id = SampleCast.id("PA_")
        var joinedAt = WallTime(milliseconds: 0)
    }

    /// A track as in TrackInfo: the type is left out for audio, whose number is 0.
    private struct PublishedTrack {
        let id: String
        let type: String?
        let name: String
        let source: String
        let mimeType: String

        static func microphone() -> PublishedTrack {
            PublishedTrack(
                id: SampleCast.id("TR_AM"), type: nil, name: "mic", source: "MICROPHONE", mimeType: "audio/red")
        }

        static func camera() -> PublishedTrack {
            PublishedTrack(
                id: SampleCast.id("TR_VC"), type: "VIDEO", name: "camera", source: "CAMERA", mimeType: "video/VP8")
        }

        static func screen() -> PublishedTrack {
            PublishedTrack(
                id: SampleCast.id("TR_VS"), type: "VIDEO", name: "screen", source: "SCREEN_SHARE",
                mimeType: "video/VP8")
        }
    }

    /// The whole meeting, about 40 seconds.
    func steps() -> [SampleStep] {
        var script = SampleScript(startedAt: startedAt)
        var guests = SampleCast.people(3).map { Guest(person: $0) }
        let microphones = guests.map { _ in PublishedTrack.microphone() }
        let camera = PublishedTrack.camera()
        let screen = PublishedTrack.screen()
        let egress = SampleCast.id("EG_")
        add("room_started", after: 0, to: &script) { writer, _ in write(room: true, to: &writer) }
        for index in guests.indices {
            join(&guests[index], after: index == 0 ? 0.2 : 3, to: &script)
            track("track_published", microphones[index], of: guests[index], after: 0.6, to: &script)
        }
        track("track_published", camera, of: guests[0], after: 0.4, to: &script)
        let recordedFrom = script.now + 2000
        recording("egress_started", egress, status: nil, from: recordedFrom, after: 2, to: &script)
        recording("egress_updated", egress, status: "EGRESS_ACTIVE", from: recordedFrom, after: 1.5, to: &script)
        track("track_published", screen, of: guests[1], after: 3, to: &script)
        track("track_unpublished", screen, of: guests[1], after: 8, to: &script)
        leave(guests[2], publishing: [microphones[2]], after: 3, to: &script)
        leave(guests[1], publishing: [microphones[1]], after: 3, to: &script)
        recording("egress_ended", egress, status: "EGRESS_COMPLETE", from: recordedFrom, after: 2, to: &script)
        leave(guests[0], publishing: [camera, microphones[0]], after: 1, to: &script)
        add("room_finished", after: 5, to: &script) { writer, _ in write(room: true, to: &writer) }
        return script.steps
    }

    private func add(
        _ event: String, after delaySeconds: Double, to script: inout SampleScript,
        members: (inout JSONWriter, WallTime) -> Void
    ) {
        let id = SampleCast.id("EV_")
        script.add(after: delaySeconds, idempotencyKey: id) { now in
            JSONWriter.bytes { writer in
                writer.object { writer in
                    writer.member("event", event)
                    members(&writer, now)
                    writer.member("id", id)
                    writer.member("createdAt", "\(now.milliseconds / 1000)")
                }
            }
        }
    }

    private func join(_ guest: inout Guest, after delaySeconds: Double, to script: inout SampleScript) {
        guest.joinedAt = script.now + Int64(delaySeconds * 1000)
        let joined = guest
        add("participant_joined", after: delaySeconds, to: &script) { writer, _ in
            write(room: true, to: &writer)
            write(joined, state: "ACTIVE", to: &writer)
        }
    }

    /// Unpublishes the participant's tracks, then the participant leaves.
    private func leave(
        _ guest: Guest, publishing tracks: [PublishedTrack], after delaySeconds: Double, to script: inout SampleScript
    ) {
        for (index, track) in tracks.enumerated() {
            self.track("track_unpublished", track, of: guest, after: index == 0 ? delaySeconds : 0.1, to: &script)
        }
        add("participant_left", after: 0.1, to: &script) { writer, _ in
            write(room: true, to: &writer)
            write(guest, state: "DISCONNECTED", to: &writer)
        }
    }

    private func track(
        _ event: String, _ track: PublishedTrack, of guest: Guest, after delaySeconds: Double,
        to script: inout SampleScript
    ) {
        add(event, after: delaySeconds, to: &script) { writer, _ in
            write(room: false, to: &writer)
            writer.member("participant") { writer in
                writer.member("sid", guest.id)
                writer.member("identity", guest.person.identity)
            }
            writer.member("track") { writer in
                writer.member("sid", track.id)
                writer.member("type", track.type)
                writer.member("name", track.name)
                writer.member("source", track.source)
                writer.member("mimeType", track.mimeType)
                writer.member("stream", track.source == "SCREEN_SHARE" ? "screen" : "camera")
            }
        }
    }

    private func recording(
        _ event: String, _ id: String, status: String?, from start: WallTime, after delaySeconds: Double,
        to script: inout SampleScript
    ) {
        add(event, after: delaySeconds, to: &script) { writer, now in
            write(room: false, to: &writer)
            writer.member("egressInfo") { writer in
                writer.member("egressId", id)
                writer.member("roomId", roomID)
                writer.member("roomName", room)
                writer.member("status", status)
                writer.member("startedAt", "\(start.milliseconds)000000")
                if event == "egress_ended" { writer.member("endedAt", "\(now.milliseconds)000000") }
                writer.member("updatedAt", "\(now.milliseconds)000000")
                writeRequest(to: &writer)
                if event == "egress_ended" { writeFile(from: start, to: now, to: &writer) }
            }
        }
    }

    private func writeRequest(to writer: inout JSONWriter) {
        writer.member("roomComposite") { writer in
            writer.member("roomName", room)
            writer.member("layout", "grid")
            writer.name("fileOutputs")
            writer.array { writer in
                writer.object { writer in
                    writer.member("fileType", "MP4")
                    writer.member("filepath", "\(roomID).mp4")
                }
            }
        }
    }

    private func writeFile(from start: WallTime, to end: WallTime, to writer: inout JSONWriter) {
        writer.name("fileResults")
        writer.array { writer in
            writer.object { writer in
                writer.member("filename", "\(roomID).mp4")
                writer.member("startedAt", "\(start.milliseconds)000000")
                writer.member("endedAt", "\(end.milliseconds)000000")
                writer.member("duration", "\(end - start)000000")
                writer.member("size", "\((end - start) * 180)")
                writer.member("location", "https://recordings.example.org/\(roomID).mp4")
            }
        }
    }

    /// The room, whole, or only its id and name as in track and recording events.
    private func write(room isWhole: Bool, to writer: inout JSONWriter) {
        writer.member("room") { writer in
            writer.member("sid", roomID)
            writer.member("name", room)
            guard isWhole else { return }
            writer.member("emptyTimeout", Int64(300))
            writer.member("departureTimeout", Int64(20))
            writer.member("creationTime", "\(startedAt.milliseconds / 1000)")
            writer.member("creationTimeMs", "\(startedAt.milliseconds)")
            writer.member("turnPassword", turnPassword)
            writer.name("enabledCodecs")
            writer.array { writer in
                for codec in ["audio/opus", "audio/red", "video/VP8", "video/H264", "video/VP9", "video/AV1"] {
                    writer.object { $0.member("mime", codec) }
                }
            }
        }
    }

    private func write(_ guest: Guest, state: String, to writer: inout JSONWriter) {
        writer.member("participant") { writer in
            writer.member("sid", guest.id)
            writer.member("identity", guest.person.identity)
            writer.member("state", state)
            writer.member("joinedAt", "\(guest.joinedAt.milliseconds / 1000)")
            writer.member("joinedAtMs", "\(guest.joinedAt.milliseconds)")
            writer.member("name", guest.person.name)
            writer.member("permission") { writer in
                writer.member("canSubscribe", true)
                writer.member("canPublish", true)
                writer.member("canPublishData", true)
            }
            if state == "DISCONNECTED" { writer.member("disconnectReason", "CLIENT_INITIATED") }
        }
    }
}
