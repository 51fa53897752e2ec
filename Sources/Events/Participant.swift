package import Wire

/// A person or a program in a room: `data.participant`.
package struct Participant: Sendable, Hashable {
    /// The id of one connection (LiveKit's sid, Daily's session_id); a reload creates a new one. Presence is keyed by
    /// it.
    package var id: WireText
    /// The user, as the application identifies them.
    package var identity: WireText?
    /// The display name.
    package var name: WireText?
    /// `standard` for people; else `agent`, `sip`, `ingress`, `egress`, `recorder`, …
    package var kind: WireText
    /// When this connection joined.
    package var joinedAt: WallTime?
    /// When it left.
    package var leftAt: WallTime?
    /// How long it stayed.
    package var durationSeconds: Double?
    /// Why it left, lower case: `client_initiated`, `duplicate_identity`, …
    package var leaveReason: WireText?
    /// Whether it has the rights of an owner.
    package var isOwner: Bool?
    /// Daily's guess at the network: `good`, `warning`, `bad`, `unknown`.
    package var networkQuality: WireText?
    /// The application's own metadata.
    package var metadata: WireText?
    /// The application's own attributes, sorted by name.
    package var attributes: [(name: WireText, value: WireText)]
    /// What the provider permits it to do, in the provider's format.
    package var permissions: JSONValue?
    /// All members with other names. Only `standard` senders can add their own; other providers' data is read into the
    /// members above alone.
    package var details: JSONObject = [:]

    /// A participant of which at least the connection's id is known.
    package init(id: WireText, identity: WireText? = nil, kind: WireText = Participant.standardKind) {
        self.id = id
        self.identity = identity
        self.kind = kind
        attributes = []
    }

    /// The ``kind`` of people.
    package static let standardKind: WireText = "standard"

    private static let ownNames: Set<WireText> = [
        "id", "identity", "name", "kind", "joinedAt", "leftAt", "durationSeconds", "leaveReason", "isOwner",
        "networkQuality", "metadata", "attributes", "permissions",
    ]

    /// Parses what ``write(to:)`` wrote.
    package init?(_ json: JSONValue?) {
        guard let object = json?.object, let id = object["id"]?.string else { return nil }
        self.init(id: id, identity: object["identity"]?.string, kind: object["kind"]?.string ?? Self.standardKind)
        name = object["name"]?.string
        joinedAt = object.time("joinedAt")
        leftAt = object.time("leftAt")
        durationSeconds = object["durationSeconds"]?.double
        leaveReason = object["leaveReason"]?.string
        isOwner = object["isOwner"]?.bool
        networkQuality = object["networkQuality"]?.string
        metadata = object["metadata"]?.string
        attributes = (object["attributes"]?.object?.members ?? []).compactMap { member in
            member.value.string.map { (member.name, $0) }
        }
        permissions = object["permissions"]
        details = object.without(Self.ownNames)
    }

    /// Writes the members; the caller has opened the object.
    package func write(to writer: inout JSONWriter) {
        writeOwnMembers(to: &writer)
        for member in details.members { writer.member(member.name, member.value) }
    }

    /// Writes the members without ``details``, for an object that has other members too.
    func writeOwnMembers(to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("identity", identity)
        writer.member("name", name)
        writer.member("kind", kind)
        writer.member("joinedAt", time: joinedAt)
        writer.member("leftAt", time: leftAt)
        writer.member("durationSeconds", durationSeconds)
        writer.member("leaveReason", leaveReason)
        writer.member("isOwner", isOwner)
        writer.member("networkQuality", networkQuality)
        writer.member("metadata", metadata)
        if !attributes.isEmpty {
            writer.name("attributes")
            writer.object { writer in
                for attribute in attributes { writer.member(attribute.name, .string(attribute.value)) }
            }
        }
        writer.member("permissions", permissions)
    }

    /// True when both would be written alike.
    package static func == (left: Participant, right: Participant) -> Bool {
        JSONWriter.bytes { $0.object(left.write) } == JSONWriter.bytes { $0.object(right.write) }
    }

    /// Hashes the connection's id.
    package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
