internal import Events
internal import Wire

/// A process with a duration: a recording, a stream, a transcript, a job. Its members have the same names for every
/// kind and every provider.
struct Activity {
    var id: WireText
    /// Lower case: `starting`, `active`, `complete`, `failed`, …
    var status: WireText
    var startedAt: WallTime?
    var endedAt: WallTime?
    var durationSeconds: Double?
    var error: WireText?
    /// Members that only one provider has.
    var details: JSONObject = [:]

    /// An activity with this id and status.
    init(id: WireText, status: WireText) {
        self.id = id
        self.status = status
    }

    /// As `data.recording`.
    var recording: Recording {
        var recording = Recording(id: id, status: status)
        recording.startedAt = startedAt
        recording.endedAt = endedAt
        recording.durationSeconds = durationSeconds
        recording.error = error
        recording.details = details
        return recording
    }

    /// As any other member of `data`.
    var json: JSONValue {
        var object: JSONObject = ["id": .string(id), "status": .string(status)]
        object["startedAt"] = startedAt.json
        object["endedAt"] = endedAt.json
        object["durationSeconds"] = durationSeconds.map(JSONValue.number)
        object["error"] = error.json
        for member in details.members { object[member.name] = member.value }
        return .object(object)
    }
}

extension Optional<WallTime> {
    /// A time as ISO 8601 text; nil leaves the member out.
    var json: JSONValue? { map { .string(WireText(ISOTime.text($0))) } }
}

extension Optional<WireText> {
    /// Text; nil leaves the member out.
    var json: JSONValue? { map(JSONValue.string) }
}
