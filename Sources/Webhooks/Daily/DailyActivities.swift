internal import Events
internal import Wire

/// Daily's recordings, transcripts, streams, batch jobs and calls. Locations of files and called numbers are left out.
enum DailyActivities {
    /// An error has only the instance's id, all other events have the recording's.
    static func readRecording(_ payload: Fields, into event: inout Event) {
        guard let id = payload.text("recording_id") ?? payload.text("instance_id") else { return }
        var activity = Activity(id: id, status: status(event.type))
        activity.startedAt = payload.time("start_ts")
        activity.durationSeconds = payload.number("duration")
        activity.error = error(payload)
        activity.details["instanceId"] = payload.text("instance_id").json
        activity.details["startedBy"] = payload.text("started_by").json
        activity.details["recordingType"] = payload.text("type").json
        activity.details["layout"] = payload.value("layout").map { Redaction.value($0) }
        activity.details["maxParticipants"] = payload.integer("max_participants").map(JSONValue.integer)
        activity.details["tracks"] = tracks(payload.value("tracks"))
        event.data.recording = activity.recording
        if event.type == .recordingStarted { event.timestamp = activity.startedAt ?? event.timestamp }
    }

    /// Kind and size of each track of a recording in raw tracks.
    private static func tracks(_ value: JSONValue?) -> JSONValue? {
        guard let tracks = value?.array else { return nil }
        return .array(
            tracks.compactMap(\.object).map { object in
                let track = Fields(object)
                var kept: JSONObject = [:]
                kept["type"] = track.text("type").json
                kept["sizeBytes"] = track.integer("size").map(JSONValue.integer)
                return .object(kept)
            })
    }

    static func readTranscript(_ payload: Fields, into event: inout Event) {
        guard let id = payload.textOrNumber("id") ?? instance(payload) else { return }
        var activity = Activity(id: id, status: status(event.type))
        activity.durationSeconds = payload.number("duration")
        activity.error = error(payload)
        activity.details["instanceId"] = instance(payload).json
        activity.details["roomId"] = payload.text("room_id").json
        activity.details["maxParticipants"] = payload.integer("max_participants").map(JSONValue.integer)
        activity.details["participantMinutes"] = payload.number("participant_minutes").map(JSONValue.number)
        event.data.other["transcript"] = activity.json
    }

    static func readStream(_ payload: Fields, into event: inout Event) {
        guard let id = instance(payload) else { return }
        var activity = Activity(id: id, status: status(event.type))
        activity.error = error(payload)
        activity.details["layout"] = payload.value("layout").map { Redaction.value($0) }
        event.data.other["stream"] = activity.json
    }

    static func readBatchJob(_ payload: Fields, into event: inout Event) {
        guard let id = payload.textOrNumber("id") else { return }
        var activity = Activity(id: id, status: status(event.type))
        activity.error = error(payload)
        activity.details["preset"] = payload.text("preset").json
        activity.details["recordingId"] = payload.fields("input")?.text("recordingId").json
        let formats = payload.fields("output")?.value("transcription")?.array?.compactMap { $0.object?["format"] }
        activity.details["formats"] = formats.map(JSONValue.array)
        event.data.other["job"] = activity.json
    }

    /// A dial-in or dial-out. `name` is Daily's name of the event, for instance `dialin.connected`.
    static func readCall(_ payload: Fields, name: WireText, into event: inout Event) {
        let parts = name.split(at: UInt8(ascii: "."))
        var call: JSONObject = [:]
        call["id"] = payload.text("session_id").json
        call["direction"] = .string(parts.first == "dialin" ? "in" : "out")
        call["status"] = parts.last.json
        call["origin"] = payload.text("origin").json
        call["participantName"] = payload.text("display_name").json
        call["participantIdentity"] = payload.textOrNumber("user_id").json
        call["error"] = error(payload).json
        event.data.other["call"] = .object(call)
        // event_ts is the time of sending; a call's own timestamp is the time of the event.
        event.timestamp = payload.time("timestamp") ?? event.timestamp
    }

    private static func instance(_ payload: Fields) -> WireText? {
        payload.text("instance_id") ?? payload.fields("info")?.text("instanceId")
    }

    private static func error(_ payload: Fields) -> WireText? {
        (payload.text("error_msg") ?? payload.text("error_message") ?? payload.text("error"))
            .map(RedactedURL.prose)
    }

    /// The state, in the same words as for other providers' recordings.
    private static func status(_ type: EventType) -> WireText {
        switch type {
        case .recordingStarted, .transcriptStarted, .streamStarted, .streamUpdated: "active"
        case .recordingFailed, .transcriptFailed, .streamFailed, .batchJobFailed: "failed"
        default: "complete"
        }
    }
}
