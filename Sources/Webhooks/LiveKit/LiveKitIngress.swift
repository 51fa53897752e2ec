internal import Events
internal import Wire

/// `IngressInfo` of livekit_ingress.proto. Its stream key and address are never included.
enum LiveKitIngress {
    private static let statuses: [WireText?] = ["inactive", "buffering", "publishing", "error", "complete"]
    private static let inputs: [WireText?] = ["rtmp_input", "whip_input", "url_input"]

    /// Fills in time, room and `data.ingress`.
    static func read(_ info: ProtoMessage, into event: inout Event) throws(Rejection) {
        let state = try info.message("state")
        if event.data.room == nil, let roomName = try info.text("roomName") { event.data.room = Room(name: roomName) }
        if event.data.room?.id == nil { event.data.room?.id = try state?.text("roomId") }
        guard let id = try info.text("ingressId") else { return }
        let status = try state?.word("status", prefix: "ENDPOINT_", names: statuses) ?? "inactive"
        var activity = Activity(id: id, status: status)
        try activity.readRun(of: state)
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
        details["inputType"] = .string(input.hasSuffix("_input") ? input.dropLast(6) : input)
        details["participantIdentity"] = try info.text("participantIdentity").json
        details["participantName"] = try info.text("participantName").json
        details["reusable"] = .bool(try info.bool("reusable"))
        details["video"] = try state?.verbatim("video").map { Redaction.value($0) }
        details["audio"] = try state?.verbatim("audio").map { Redaction.value($0) }
    }
}
