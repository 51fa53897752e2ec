internal import Events
internal import Wire

/// Converts the body of a Whereby webhook to an event.
enum WherebyEvent {
    private enum Subject {
        case session, client, transcript, recording, room
    }

    private static let types: [WireText: (type: EventType, subject: Subject)] = [
        "room.session.started": (.roomStarted, .session),
        "room.session.ended": (.roomFinished, .session),
        "room.client.joined": (.participantJoined, .client),
        "room.client.left": (.participantLeft, .client),
        "room.client.knocked": (.participantWaiting, .client),
        "room.client.knockCancelled": (.participantWaitingLeft, .client),
        "transcription.started": (.transcriptStarted, .transcript),
        "transcription.finished": (.transcriptReady, .transcript),
        "transcription.failed": (.transcriptFailed, .transcript),
        "recording.finished": (.recordingReady, .recording),
        "assistant.requested": (.assistantRequested, .room),
    ]

    /// Converts a body.
    static func read(_ body: Fields, source: WireText, receivedAt: WallTime) -> Event {
        let name = body.text("type")
        let known = name.flatMap { types[$0] }
        var event = Event(
            type: known?.type ?? .unknown, source: source, provider: WireText(Whereby.name), room: nil,
            receivedAt: receivedAt)
        let createdAt = WireTime.time(text: body.text("createdAt"))
        let data = body.fields("data") ?? Fields([:])
        event.timestamp = createdAt ?? receivedAt
        event.data.providerEvent = name
        event.data.room = room(data)
        switch known?.subject {
        case .session: readSession(at: createdAt, into: &event)
        case .client: readClient(data, at: createdAt, into: &event)
        case .transcript: readTranscript(data, into: &event)
        case .recording: readRecording(data, into: &event)
        case .room, nil: break
        }
        event.room = event.data.room?.name
        return event
    }

    /// Whereby writes a room's name as the path of its address, with a slash before it.
    private static func room(_ data: Fields) -> Room? {
        guard let path = data.text("roomName") else { return nil }
        let name = path.hasPrefix("/") ? path.dropFirst(1) : path
        return name.isEmpty ? nil : Room(name: name, id: data.text("roomSessionId"))
    }

    /// The event's own time is the only time that Whereby sends for the start and end of a session.
    private static func readSession(at createdAt: WallTime?, into event: inout Event) {
        if event.type == .roomStarted { event.data.room?.startedAt = createdAt }
        if event.type == .roomFinished { event.data.room?.endedAt = createdAt }
    }

    /// Roles of programs that join and leave like people.
    private static let machines: Set<WireText> = ["recorder", "streamer", "captioner", "assistant"]

    private static func readClient(_ data: Fields, at createdAt: WallTime?, into event: inout Event) {
        guard let id = data.text("participantId") else { return }
        let role = data.text("roleName")
        var participant = Participant(id: id, identity: data.textOrNumber("externalId"))
        if let role, machines.contains(role) {
            participant.kind = role
        } else if data.bool("isDialIn") == true {
            participant.kind = "sip"
        }
        participant.name = data.text("displayName")
        participant.isOwner = role.map { $0 == "owner" || $0 == "host" }
        participant.metadata = data.text("metadata")
        if event.type == .participantJoined { participant.joinedAt = createdAt }
        if event.type == .participantLeft { participant.leftAt = createdAt }
        event.data.participant = participant
        event.data.other["role"] = role.json
    }

    private static func readTranscript(_ data: Fields, into event: inout Event) {
        guard let id = data.textOrNumber("transcriptionId") else { return }
        var activity = Activity(id: id, status: status(event.type))
        activity.durationSeconds = data.number("durationInSeconds")
        activity.error = data.text("error").map(RedactedURL.prose)
        activity.details["transcriptionType"] = data.text("type").map { $0.asciiLowercased() }.json
        activity.details["recordingId"] = data.text("recordingId").json
        activity.details["filename"] = data.text("filename").json
        activity.details["storageType"] = data.text("storageType").map { $0.asciiLowercased() }.json
        event.data.other["transcript"] = activity.json
    }

    private static func readRecording(_ data: Fields, into event: inout Event) {
        guard let id = data.textOrNumber("recordingId") else { return }
        var activity = Activity(id: id, status: status(event.type))
        activity.details["filename"] = data.text("filename").json
        event.data.recording = activity.recording
    }

    /// The state, in the same words as for other providers' recordings.
    private static func status(_ type: EventType) -> WireText {
        switch type {
        case .transcriptStarted: "active"
        case .transcriptFailed: "failed"
        default: "complete"
        }
    }
}
