package import Wire

/// A user who is present in a room through streams of their own: `data.member`, and an element of `members`.
///
/// An object and not a struct, so that rooms, loops and the owner of the memberships share one copy.
package final class Member: Sendable {
    /// The user and the issuer that vouches for the user's name: two issuers' users of one name are two members.
    package let principal: Principal
    /// What the user shows of themselves, such as a name and a status; the user chooses the members.
    package let state: JSONObject
    /// When the user came into the room.
    package let since: WallTime
    /// How many of the user's streams held the membership when the event was made.
    package let streams: Int
    /// Why the member left; only in events of the type `member_left`.
    package let leaveReason: WireText?

    /// A member. Without a reason it is one who is present.
    package init(
        principal: Principal, state: JSONObject, since: WallTime, streams: Int, leaveReason: WireText? = nil
    ) {
        self.principal = principal
        self.state = state
        self.since = since
        self.streams = streams
        self.leaveReason = leaveReason
    }

    /// Parses what ``write(to:)`` wrote.
    package convenience init?(_ json: JSONValue?) {
        guard let object = json?.object, let user = object["user"]?.string, let issuer = object["issuer"]?.string,
            let since = object.time("since")
        else { return nil }
        self.init(
            principal: Principal(issuer: issuer, user: user), state: object["state"]?.object ?? [:], since: since,
            streams: object["streams"]?.integer.map { Int(clamping: $0) } ?? 0,
            leaveReason: object["reason"]?.string)
    }

    /// Writes the members; the caller has opened the object.
    package func write(to writer: inout JSONWriter) {
        writer.member("user", principal.user)
        writer.member("issuer", principal.issuer)
        writer.member("state", JSONValue.object(state))
        writer.member("since", time: since)
        writer.member("streams", Int64(streams))
        writer.member("reason", leaveReason)
    }
}

extension Member: Equatable {
    /// True if everything is the same.
    package static func == (left: Member, right: Member) -> Bool {
        left === right
            || left.principal == right.principal && left.state == right.state && left.since == right.since
                && left.streams == right.streams && left.leaveReason == right.leaveReason
    }
}

/// Why a member left: `reason` in `data.member` of `member_left`.
package enum MemberEnd: String, Sendable, CaseIterable {
    /// The client said so.
    case left
    /// The last stream ended, and none took its place in time.
    case timeout
    /// The user or the token was revoked.
    case revoked
    /// The relay was restarted, and the user did not come back in time.
    case restart
    /// An administrator closed the room.
    case closed

    /// The word on the wire.
    package var text: WireText { WireText(rawValue) }
}

/// The source of what clients themselves bring about: memberships, and events that they publish.
package enum ClientSource {
    /// Its name, and that of its provider. A source of this name in the settings switches it off.
    package static let name: WireText = "clients"
}

extension EventType {
    /// A user came into a room.
    package static let memberJoined = EventType(rawValue: "member_joined")
    /// A member changed their state.
    package static let memberUpdated = EventType(rawValue: "member_updated")
    /// A member left.
    package static let memberLeft = EventType(rawValue: "member_left")

    /// True for the types that tell of members.
    package var isOfMembers: Bool { self == .memberJoined || self == .memberUpdated || self == .memberLeft }
}

extension Event {
    /// An event about a member of a room, made by the relay.
    package init(_ type: EventType, _ member: Member, room: WireText, now: WallTime) {
        precondition(type.isOfMembers, "a member has events of three types")
        self.init(type: type, source: ClientSource.name, provider: ClientSource.name, room: room, receivedAt: now)
        data.member = member
    }

    /// The member it is about; nil for events of other types, and for those of this type that a sender of webhooks
    /// chose.
    package var member: Member? {
        guard let member = data.member, provider == ClientSource.name, type.isOfMembers else { return nil }
        return member
    }
}
