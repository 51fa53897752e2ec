package import Wire

/// A room as an event describes it: `data.room`.
package struct Room: Sendable, Hashable {
    /// The name under which clients join it.
    package var name: WireText
    /// The provider's id of this one session of the room (LiveKit `RM_…`, Daily's meeting id).
    package var id: WireText?
    /// When this session began.
    package var startedAt: WallTime?
    /// When it ended.
    package var endedAt: WallTime?
    /// How long it lasted.
    package var durationSeconds: Double?
    /// The application's own metadata.
    package var metadata: WireText?
    /// Why it ended, lower case: `api_delete`, `idle_timeout`, …
    package var endReason: WireText?
    /// All members with other names. Only `standard` senders can add their own; other providers' data is read into the
    /// members above alone.
    package var details: JSONObject = [:]

    /// A room with this name.
    package init(name: WireText, id: WireText? = nil) {
        self.name = name
        self.id = id
    }

    private static let ownNames: Set<WireText> = [
        "name", "id", "startedAt", "endedAt", "durationSeconds", "metadata", "endReason",
    ]

    /// Parses what ``write(to:)`` wrote.
    package init?(_ json: JSONValue?) {
        guard let object = json?.object, let name = object["name"]?.string else { return nil }
        self.name = name
        id = object["id"]?.string
        startedAt = object.time("startedAt")
        endedAt = object.time("endedAt")
        durationSeconds = object["durationSeconds"]?.double
        metadata = object["metadata"]?.string
        endReason = object["endReason"]?.string
        details = object.without(Self.ownNames)
    }

    /// Writes the members; the caller has opened the object.
    package func write(to writer: inout JSONWriter) {
        writeOwnMembers(to: &writer)
        for member in details.members { writer.member(member.name, member.value) }
    }

    /// Writes the members without ``details``, for an object that has other members too.
    func writeOwnMembers(to writer: inout JSONWriter) {
        writer.member("name", name)
        writer.member("id", id)
        writer.member("startedAt", time: startedAt)
        writer.member("endedAt", time: endedAt)
        writer.member("durationSeconds", durationSeconds)
        writer.member("metadata", metadata)
        writer.member("endReason", endReason)
    }
}

extension JSONObject {
    /// A member that is an ISO 8601 time.
    func time(_ name: WireText) -> WallTime? { self[name]?.string.flatMap(ISOTime.time) }
}
