internal import Events
internal import Wire

/// Converts the body of a Daily webhook to an event. Source: the event pages under
/// https://docs.daily.co/reference/rest-api/webhooks/events.
enum DailyEvent {
    /// The subject of an event, which decides how its payload is read.
    private enum Subject {
        case meeting, participant, recording, transcript, stream, batchJob, call
    }

    private static let types: [WireText: (type: EventType, subject: Subject)] = [
        "meeting.started": (.roomStarted, .meeting),
        "meeting.ended": (.roomFinished, .meeting),
        "participant.joined": (.participantJoined, .participant),
        "participant.left": (.participantLeft, .participant),
        "waiting-participant.joined": (.participantWaiting, .participant),
        "waiting-participant.left": (.participantWaitingLeft, .participant),
        "recording.started": (.recordingStarted, .recording),
        "recording.ready-to-download": (.recordingReady, .recording),
        "recording.error": (.recordingFailed, .recording),
        "transcript.started": (.transcriptStarted, .transcript),
        "transcript.ready-to-download": (.transcriptReady, .transcript),
        "transcript.error": (.transcriptFailed, .transcript),
        "streaming.started": (.streamStarted, .stream),
        "streaming.updated": (.streamUpdated, .stream),
        "streaming.ended": (.streamEnded, .stream),
        "streaming.error": (.streamFailed, .stream),
        "batch-processor.job-finished": (.batchJobFinished, .batchJob),
        "batch-processor.error": (.batchJobFailed, .batchJob),
        "dialin.ready": (EventType(rawValue: "call_dialin_ready"), .call),
        "dialin.connected": (EventType(rawValue: "call_dialin_connected"), .call),
        "dialin.stopped": (EventType(rawValue: "call_dialin_stopped"), .call),
        "dialin.warning": (EventType(rawValue: "call_dialin_warning"), .call),
        "dialin.error": (EventType(rawValue: "call_dialin_error"), .call),
        "dialout.connected": (EventType(rawValue: "call_dialout_connected"), .call),
        "dialout.answered": (EventType(rawValue: "call_dialout_answered"), .call),
        "dialout.stopped": (EventType(rawValue: "call_dialout_stopped"), .call),
        "dialout.warning": (EventType(rawValue: "call_dialout_warning"), .call),
        "dialout.error": (EventType(rawValue: "call_dialout_error"), .call),
    ]

    /// Converts a body. The id is Daily's own id of the event.
    static func read(
        _ body: Fields, source: WireText, receivedAt: WallTime
    ) -> (event: Event, id: WireText?) {
        let name = body.text("type")
        let known = name.flatMap { types[$0] }
        var event = Event(
            type: known?.type ?? .unknown, source: source, provider: WireText(Daily.name), room: nil,
            receivedAt: receivedAt)
        let payload = body.fields("payload") ?? Fields([:])
        event.timestamp = body.time("event_ts") ?? payload.time("timestamp") ?? receivedAt
        event.data.providerEvent = name
        event.data.room = room(payload)
        switch known?.subject {
        case .meeting: readMeeting(payload, into: &event)
        case .participant: readParticipant(payload, into: &event)
        case .recording: DailyActivities.readRecording(payload, into: &event)
        case .transcript: DailyActivities.readTranscript(payload, into: &event)
        case .stream: DailyActivities.readStream(payload, into: &event)
        case .batchJob: DailyActivities.readBatchJob(payload, into: &event)
        case .call: DailyActivities.readCall(payload, name: name ?? "", into: &event)
        case nil: break
        }
        event.room = event.data.room?.name
        return (event, body.textOrNumber("id"))
    }

    /// Payloads name the room by one of two members, and the session's id as well. Many payloads have neither.
    private static func room(_ payload: Fields) -> Room? {
        guard let name = payload.text("room") ?? payload.text("room_name") else { return nil }
        return Room(name: name, id: payload.text("meeting_id") ?? payload.text("mtg_session_id"))
    }

    private static func readMeeting(_ payload: Fields, into event: inout Event) {
        let start = payload.time("start_ts")
        let end = payload.time("end_ts")
        event.data.room?.startedAt = start
        event.data.room?.endedAt = end
        event.data.room?.durationSeconds = WireTime.seconds(from: start, to: end)
        event.timestamp = (event.type == .roomFinished ? end : start) ?? event.timestamp
    }

    private static func readParticipant(_ payload: Fields, into event: inout Event) {
        guard let id = payload.text("session_id") else { return }
        let kind = payload.text("participant_type")?.asciiLowercased() ?? Participant.standardKind
        var participant = Participant(id: id, identity: payload.textOrNumber("user_id"), kind: kind)
        participant.name = payload.text("user_name")
        participant.joinedAt = payload.time("joined_at")
        participant.isOwner = payload.bool("owner")
        participant.networkQuality = payload.text("networkQualityState")
        participant.permissions = payload.value("permissions")
        participant.metadata = metadata(payload.value("user_data"))
        let isLeave = event.type == .participantLeft || event.type == .participantWaitingLeft
        if isLeave, let joinedAt = participant.joinedAt, let duration = payload.number("duration"), duration >= 0 {
            participant.durationSeconds = duration
            participant.leftAt = WireTime.time(seconds: Double(joinedAt.milliseconds) / 1000 + duration)
        }
        event.data.participant = participant
        // The time of leaving is a sum of two rounded numbers. Keep it from being later than the event itself.
        let happened = isLeave ? participant.leftAt : participant.joinedAt
        event.timestamp = min(happened ?? event.timestamp, event.timestamp)
    }

    /// The application's own data of the participant: text unchanged, anything else as JSON.
    private static func metadata(_ value: JSONValue?) -> WireText? {
        guard let value else { return nil }
        if let text = value.string { return text }
        let shown = Redaction.value(value, name: "user_data")
        return WireText(JSONWriter.text { $0.value(shown) })
    }
}
