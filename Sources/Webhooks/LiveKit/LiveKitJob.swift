internal import Events
internal import Wire

/// `Job` of livekit_agent.proto: an agent that was sent to a room.
enum LiveKitJob {
    private static let statuses: [WireText?] = ["pending", "running", "success", "failed", "cancelled"]
    private static let kinds: [WireText?] = ["room", "publisher", "participant"]
    private static let reasons: [WireText?] = [
        nil, "no_capacity", "room_closed", "dispatch_deleted", "retrying",
    ]

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
        try activity.readRun(of: state)
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
