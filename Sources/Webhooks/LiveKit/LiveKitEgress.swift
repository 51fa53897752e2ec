internal import Events
internal import Wire

/// `EgressInfo` of livekit_egress.proto. Output to files, segments or images is a recording, output to streaming
/// services a stream. An egress with both is an event of the recording that includes the stream.
enum LiveKitEgress {
    /// Fills in type, time, recording and stream. `name` is LiveKit's name of the event.
    static func read(_ info: ProtoMessage, name: WireText?, into event: inout Event) throws(Rejection) {
        if event.data.room == nil, let roomName = try info.text("roomName") {
            event.data.room = Room(name: roomName, id: try info.text("roomId"))
        }
        let outputs = try outputs(info)
        var activity = try activity(info)
        if let name, let step = Step(rawValue: name) {
            let isFailure = activity.status == "failed" || activity.status == "aborted"
            event.type = step.type(isStream: outputs == .stream, isFailure: isFailure)
            event.timestamp = try step.time(info) ?? event.timestamp
        }
        guard !activity.id.isEmpty else { return }
        if outputs.contains(.stream) {
            var stream = activity
            stream.details["destinations"] = try destinations(info)
            event.data.other["stream"] = stream.json
        }
        if outputs != .stream {
            try addFiles(info, to: &activity.details)
            event.data.recording = activity.recording
        }
    }

    /// LiveKit's names of the events.
    private enum Step: WireText {
        case started = "egress_started"
        case updated = "egress_updated"
        case ended = "egress_ended"

        func type(isStream: Bool, isFailure: Bool) -> EventType {
            switch self {
            case .started: isStream ? .streamStarted : .recordingStarted
            case .updated: isStream ? .streamUpdated : .recordingUpdated
            case .ended where isFailure: isStream ? .streamFailed : .recordingFailed
            case .ended: isStream ? .streamEnded : .recordingEnded
            }
        }

        func time(_ info: ProtoMessage) throws(Rejection) -> WallTime? {
            switch self {
            case .started: try info.time("startedAt", perSecond: LiveKitMessages.nanoseconds)
            case .updated: try info.time("updatedAt", perSecond: LiveKitMessages.nanoseconds)
            case .ended: try info.time("endedAt", perSecond: LiveKitMessages.nanoseconds)
            }
        }
    }

    private static let statuses: [WireText?] = [
        "starting", "active", "ending", "complete", "failed", "aborted", "limit_reached",
    ]

    private static func activity(_ info: ProtoMessage) throws(Rejection) -> Activity {
        let status = try info.word("status", prefix: "EGRESS_", names: statuses) ?? "starting"
        var activity = Activity(id: try info.text("egressId") ?? "", status: status)
        try activity.readRun(of: info)
        activity.details["details"] = try info.text("details").map(RedactedURL.prose).json
        activity.details["errorCode"] = try info.integer("errorCode").map(JSONValue.integer)
        return activity
    }

    // Outputs

    private struct Outputs: OptionSet {
        let rawValue: Int
        static let recording = Outputs(rawValue: 1)
        static let stream = Outputs(rawValue: 2)
    }

    private static let requests: [WireText] = [
        "egress", "replay", "roomComposite", "web", "participant", "trackComposite", "track",
    ]
    private static let streamMembers: [WireText] = ["stream", "streamOutputs", "streamResults", "websocketUrl"]
    private static let recordingMembers: [WireText] = [
        "file", "segments", "fileOutputs", "segmentOutputs", "imageOutputs", "fileResults", "segmentResults",
        "imageResults", "mcap", "images",
    ]

    /// The kinds of output: from the results, or from the request while the results are still empty.
    private static func outputs(_ info: ProtoMessage) throws(Rejection) -> Outputs {
        var found = outputs(named: info)
        for name in requests {
            guard let request = try info.message(name) else { continue }
            found.formUnion(outputs(named: request))
            for output in try request.messages("outputs") { found.formUnion(outputs(named: output)) }
        }
        return found.isEmpty ? .recording : found
    }

    private static func outputs(named message: ProtoMessage) -> Outputs {
        var found: Outputs = []
        if streamMembers.contains(where: message.hasContent) { found.insert(.stream) }
        if recordingMembers.contains(where: message.hasContent) { found.insert(.recording) }
        return found
    }

    private static let streamStatuses: [WireText?] = ["active", "finished", "failed"]

    /// The destinations of a stream. Of an address only the host is included: the rest contains the key.
    private static func destinations(_ info: ProtoMessage) throws(Rejection) -> JSONValue? {
        var destinations: [JSONValue] = []
        for result in try info.messages("streamResults") {
            var object: JSONObject = [:]
            object["id"] = try result.text("id").json
            object["url"] = try result.text("url").map(RedactedURL.host).json
            object["status"] = .string(try result.word("status", names: streamStatuses) ?? "active")
            try addTimes(result, to: &object)
            object["error"] = try result.text("error").map(RedactedURL.prose).json
            destinations.append(.object(object))
        }
        return destinations.isEmpty ? nil : .array(destinations)
    }

    private static func addFiles(_ info: ProtoMessage, to details: inout JSONObject) throws(Rejection) {
        details["files"] = try results(info, "fileResults", texts: ["filename"], places: ["location"])
        details["segments"] = try results(
            info, "segmentResults", texts: ["playlistName", "livePlaylistName"],
            places: ["playlistLocation", "livePlaylistLocation"])
        details["images"] = try results(info, "imageResults", texts: ["filenamePrefix"], places: [])
        details["manifestLocation"] = try info.text("manifestLocation").map(RedactedURL.withoutQuery).json
        if try info.bool("backupStorageUsed") { details["backupStorageUsed"] = .bool(true) }
    }

    private static func results(
        _ info: ProtoMessage, _ name: WireText, texts: [WireText], places: [WireText]
    ) throws(Rejection) -> JSONValue? {
        var results: [JSONValue] = []
        for result in try info.messages(name) {
            var object: JSONObject = [:]
            for text in texts { object[text] = try result.text(text).map(RedactedURL.withoutQuery).json }
            for place in places { object[place] = try result.text(place).map(RedactedURL.withoutQuery).json }
            try addTimes(result, to: &object)
            object["sizeBytes"] = try result.integer("size").map(JSONValue.integer)
            object["segmentCount"] = try result.integer("segmentCount").map(JSONValue.integer)
            object["imageCount"] = try result.integer("imageCount").map(JSONValue.integer)
            results.append(.object(object))
        }
        return results.isEmpty ? nil : .array(results)
    }

    private static func addTimes(_ result: ProtoMessage, to object: inout JSONObject) throws(Rejection) {
        object["startedAt"] = try result.time("startedAt", perSecond: LiveKitMessages.nanoseconds).json
        object["endedAt"] = try result.time("endedAt", perSecond: LiveKitMessages.nanoseconds).json
        if let duration = try result.integer("duration") {
            object["durationSeconds"] = .number(Double(duration / 1_000_000) / 1000)
        }
    }
}
