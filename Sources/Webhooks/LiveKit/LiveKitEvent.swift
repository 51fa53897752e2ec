internal import Events
internal import Wire

/// Converts the body of a LiveKit webhook, `WebhookEvent` of livekit_webhook.proto, to an event.
enum LiveKitEvent {
    /// Types that depend on the event's name alone. Those of egress also depend on its outputs: see ``LiveKitEgress``.
    private static let types: [WireText: EventType] = [
        "room_started": .roomStarted,
        "room_finished": .roomFinished,
        "participant_joined": .participantJoined,
        "participant_left": .participantLeft,
        "participant_connection_aborted": .participantConnectionAborted,
        "track_published": .trackPublished,
        "track_unpublished": .trackUnpublished,
        "ingress_started": .ingressStarted,
        "ingress_ended": .ingressEnded,
        "agent_job_started": .agentJobStarted,
        "agent_job_ended": .agentJobEnded,
    ]

    /// Converts a body. The id is LiveKit's own id of the event.
    static func read(
        _ message: ProtoMessage, source: WireText, receivedAt: WallTime
    ) throws(Rejection) -> (event: Event, id: WireText?) {
        let name = try message.text("event")
        var event = Event(
            type: name.flatMap { types[$0] } ?? .unknown, source: source, provider: WireText(LiveKit.name), room: nil,
            receivedAt: receivedAt)
        let createdAt = try message.time("createdAt", perSecond: 1)
        event.timestamp = createdAt ?? receivedAt
        event.data.providerEvent = name
        event.data.room = try message.message("room").flatMap(LiveKitMessages.room)
        event.data.participant = try message.message("participant").flatMap(LiveKitMessages.participant)
        event.data.track = try message.message("track").flatMap(LiveKitMessages.track)
        if let info = try message.message("egressInfo") { try LiveKitEgress.read(info, name: name, into: &event) }
        if let info = try message.message("ingressInfo") { try LiveKitIngress.read(info, into: &event) }
        if let job = try message.message("job") { try LiveKitJob.read(job, into: &event) }
        if let dropped = try message.integer("numDropped") { event.data.other["numDropped"] = .integer(dropped) }
        switch event.type {
        case .roomStarted: event.timestamp = event.data.room?.startedAt ?? event.timestamp
        case .participantJoined: event.timestamp = event.data.participant?.joinedAt ?? event.timestamp
        case .roomFinished: try finishRoom(message, at: createdAt, in: &event)
        case .participantLeft, .participantConnectionAborted: leave(at: createdAt, in: &event)
        default: break
        }
        event.room = event.data.room?.name
        return (event, try message.text("id"))
    }

    private static let endReasons: [WireText?] = [
        nil, "api_delete", "idle_timeout", "server_shutdown", "superseded", "open_failed",
    ]

    private static func finishRoom(
        _ message: ProtoMessage, at createdAt: WallTime?, in event: inout Event
    ) throws(Rejection) {
        let reason = try message.word("roomEndReason", prefix: "ROOM_END_", names: endReasons)
        if reason != "unknown" { event.data.room?.endReason = reason }
        let start = event.data.room?.startedAt
        let end = after(start, createdAt)
        event.data.room?.endedAt = end
        event.data.room?.durationSeconds = WireTime.seconds(from: start, to: end)
        event.timestamp = end ?? event.timestamp
    }

    private static func leave(at createdAt: WallTime?, in event: inout Event) {
        let start = event.data.participant?.joinedAt
        let end = after(start, createdAt)
        event.data.participant?.leftAt = end
        event.data.participant?.durationSeconds = WireTime.seconds(from: start, to: end)
        event.timestamp = end ?? event.timestamp
    }

    /// LiveKit sends an end in whole seconds and a start in milliseconds. Within the same second the end must not come
    /// first.
    private static func after(_ start: WallTime?, _ end: WallTime?) -> WallTime? {
        guard let start, let end, end < start, start - end < 1000 else { return end }
        return start
    }
}
