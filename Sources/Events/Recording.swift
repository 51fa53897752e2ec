package import Wire

/// A recording (LiveKit's egress to files, Daily's and Whereby's recordings): `data.recording`.
package struct Recording: Sendable, Hashable {
    /// The provider's id of the recording.
    package var id: WireText
    /// Its state, lower case: `starting`, `active`, `complete`, `failed`, …
    package var status: WireText
    /// When it began.
    package var startedAt: WallTime?
    /// When it ended.
    package var endedAt: WallTime?
    /// How long it is.
    package var durationSeconds: Double?
    /// Why it failed.
    package var error: WireText?
    /// Other members that only this provider has, without credentials.
    package var details: JSONObject

    /// A recording with this id and status.
    package init(id: WireText, status: WireText) {
        self.id = id
        self.status = status
        details = [:]
    }

    private static let ownNames: Set<WireText> = ["id", "status", "startedAt", "endedAt", "durationSeconds", "error"]

    /// Parses what ``write(to:)`` wrote.
    package init?(_ json: JSONValue?) {
        guard let object = json?.object, let id = object["id"]?.string, let status = object["status"]?.string else {
            return nil
        }
        self.init(id: id, status: status)
        startedAt = object.time("startedAt")
        endedAt = object.time("endedAt")
        durationSeconds = object["durationSeconds"]?.double
        error = object["error"]?.string
        details = object.without(Self.ownNames)
    }

    /// Writes the members; the caller has opened the object.
    package func write(to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("status", status)
        writer.member("startedAt", time: startedAt)
        writer.member("endedAt", time: endedAt)
        writer.member("durationSeconds", durationSeconds)
        writer.member("error", error)
        for member in details.members { writer.member(member.name, member.value) }
    }
}
