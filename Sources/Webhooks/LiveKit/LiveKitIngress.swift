internal import Events

/// `IngressInfo` of livekit_ingress.proto. Its stream key and address are never told.
enum LiveKitIngress {
    private static let statuses: [String?] = ["inactive", "buffering", "publishing", "error", "complete"]
    private static let inputs: [String?] = ["rtmp_input", "whip_input", "url_input"]
    private static let nanoseconds: Int64 = 1_000_000_000

    /// Fills in time, room and `data.ingress`.
    static func read(_ info: ProtoMessage, into event: inout Event) throws(Rejection) {
        let state = try info.message("state")
        if event.data.room == nil, let roomName = try info.text("roomName") { event.data.room = Room(name: roomName) }
        if event.data.room?.id == nil { event.data.room?.id = try state?.text("roomId") }
        guard let id = try info.text("ingressId") else { return }
        let status = try state?.word("status", prefix: "ENDPOINT_", names: statuses) ?? "inactive"
        var activity = Activity(id: id, status: status)
        activity.startedAt = try state?.time("startedAt", perSecond: nanoseconds)
        activity.endedAt = try state?.time("endedAt", perSecond: nanoseconds)
        activity.durationSeconds = WireTime.seconds(from: activity.startedAt, to: activity.endedAt)
        activity.error = try state?.text("error").map(RedactedURL.prose)
        try addDetails(info, state: state, to: &activity.details)
        event.data.other["ingress"] = activity.json
        if event.type == .ingressStarted { event.timestamp = activity.startedAt ?? event.timestamp }
        if event.type == .ingressEnded { event.timestamp = activity.endedAt ?? event.timestamp }
    }

    private static func addDetails(
        _ info: ProtoMessage, state: ProtoMessage?, to details: inout JSONObject
    ) throws(Rejection) {
        details["name"] = try info.text("name").json
        let input = try info.word("inputType", names: inputs) ?? "rtmp_input"
        details["inputType"] = .string(input.hasSuffix("_input") ? String(input.dropLast(6)) : input)
        details["participantIdentity"] = try info.text("participantIdentity").json
        details["participantName"] = try info.text("participantName").json
        details["reusable"] = .bool(try info.bool("reusable"))
        details["video"] = try state?.verbatim("video").map { Redaction.value($0) }
        details["audio"] = try state?.verbatim("audio").map { Redaction.value($0) }
    }
}

/// `Job` of livekit_agent.proto: an agent that was sent to a room.
enum LiveKitJob {
    private static let statuses: [String?] = ["pending", "running", "success", "failed", "cancelled"]
    private static let kinds: [String?] = ["room", "publisher", "participant"]
    private static let reasons: [String?] = [
        nil, "no_capacity", "room_closed", "dispatch_deleted", "retrying",
    ]
    private static let nanoseconds: Int64 = 1_000_000_000

    /// Fills in time, room, participant and `data.job`.
    static func read(_ job: ProtoMessage, into event: inout Event) throws(Rejection) {
        if event.data.room == nil { event.data.room = try job.message("room").flatMap(LiveKitMessages.room) }
        if event.data.participant == nil {
            event.data.participant = try job.message("participant").flatMap(LiveKitMessages.participant)
        }
        guard let id = try job.text("id") else { return }
        let state = try job.message("state")
        let status = try state?.word("status", prefix: "JS_", names: statuses) ?? "pending"
        var activity = Activity(id: id, status: status)
        activity.startedAt = try state?.time("startedAt", perSecond: nanoseconds)
        activity.endedAt = try state?.time("endedAt", perSecond: nanoseconds)
        activity.durationSeconds = WireTime.seconds(from: activity.startedAt, to: activity.endedAt)
        activity.error = try state?.text("error").map(RedactedURL.prose)
        try addDetails(job, state: state, to: &activity.details)
        event.data.other["job"] = activity.json
        if event.type == .agentJobStarted { event.timestamp = activity.startedAt ?? event.timestamp }
        if event.type == .agentJobEnded { event.timestamp = activity.endedAt ?? event.timestamp }
    }

    private static func addDetails(
        _ job: ProtoMessage, state: ProtoMessage?, to details: inout JSONObject
    ) throws(Rejection) {
        details["dispatchId"] = try job.text("dispatchId").json
        details["type"] = .string(try job.word("type", prefix: "JT_", names: kinds) ?? "room")
        details["agentName"] = try job.text("agentName").json
        details["participantIdentity"] = try state?.text("participantIdentity").json
        details["workerId"] = try state?.text("workerId").json
        details["agentId"] = try state?.text("agentId").json
        let reason = try state?.word("reason", prefix: "JSR_", names: reasons)
        if reason != "unspecified" { details["reason"] = reason.json }
    }
}
