package import Wire

/// An event in the vocabulary that is the same for every provider. The journal assigns its id: see ``JournalEvent``.
package struct Event: Sendable, Equatable {
    /// What happened.
    package var type: EventType
    /// The name of the configured source, the last segment of the webhook's path.
    package var source: WireText
    /// The kind of that source: `livekit`, `daily`, …
    package var provider: WireText
    /// The room's name; nil if the provider sends none.
    package var room: WireText?
    /// When it happened according to the provider, else when it was received.
    package var timestamp: WallTime
    /// When the relay received it.
    package var receivedAt: WallTime
    /// The content beyond the envelope.
    package var data: EventData
    /// True if the relay created it so that counts balance: the leave of a participant who was inside when the room
    /// finished, or the finish of a session that the provider did not send or that an administrator ordered.
    package var isSynthetic = false
    /// True if reconciliation created it: the provider's API told that the webhook was lost, or that a room finished
    /// and took its participants along. Such events are ``isSynthetic``, too.
    package var isReconciled = false
    /// True if it arrived too late and changes no state: a real leave or finish after its synthetic twin, the join of a
    /// participant whose leave arrived first, the join of a session that has finished, or any event that would open or
    /// close a session older than the room's open one.
    package var isLate = false
    /// True if it would have opened a room, but the bound on open rooms was reached: it is relayed like any other and
    /// changes no state, so its room is in no list.
    package var isUntracked = false
    /// The audience: only these users receive the event; nil for no audience. It is used for routing only and never
    /// sent to subscribers.
    package var users: [WireText]?

    /// An event of this type, received now. Until ``timestamp`` is set, it also counts as having happened now.
    package init(type: EventType, source: WireText, provider: WireText, room: WireText?, receivedAt: WallTime) {
        self.type = type
        self.source = source
        self.provider = provider
        self.room = room
        self.timestamp = receivedAt
        self.receivedAt = receivedAt
        data = EventData()
    }

    /// Parses an event in the form that subscribers get, with its id in the journal.
    package static func read(_ json: JSONValue) -> (id: EventID, event: Event)? {
        guard let object = json.object, let id = object["id"]?.string.flatMap(EventID.init),
            let type = object["type"]?.string, let source = object["source"]?.string,
            let provider = object["provider"]?.string, let receivedAt = object["receivedAt"]?.integer.map(WallTime.init)
        else { return nil }
        var event = Event(
            type: EventType(rawValue: type), source: source, provider: provider, room: object["room"]?.string,
            receivedAt: receivedAt)
        event.timestamp = object["timestamp"]?.integer.map(WallTime.init) ?? receivedAt
        event.data = EventData(object["data"]?.object ?? [:])
        if provider == ClientSource.name, event.type.isOfMembers { event.data.takeMember() }
        event.isSynthetic = object["synthetic"]?.bool ?? false
        event.isReconciled = object["reconciled"]?.bool ?? false
        event.isLate = object["late"]?.bool ?? false
        event.isUntracked = object["untracked"]?.bool ?? false
        return (id, event)
    }

    /// Writes the whole object in the form that subscribers get; `type` comes first.
    package func write(to writer: inout JSONWriter, id: EventID?) {
        writer.object { writer in
            writer.member("type", type.rawValue)
            writer.member("id", id: id)
            writer.member("source", source)
            writer.member("provider", provider)
            writer.member("room", room)
            writer.member("timestamp", timestamp.milliseconds)
            writer.member("receivedAt", receivedAt.milliseconds)
            if isSynthetic { writer.member("synthetic", true) }
            if isReconciled { writer.member("reconciled", true) }
            if isLate { writer.member("late", true) }
            if isUntracked { writer.member("untracked", true) }
            // That there is an audience, and not who: clients that fold room state leave such events out, as the relay.
            if users != nil { writer.member("addressed", true) }
            writer.member("data") { data.write(to: &$0) }
        }
    }
}

/// The content of an event beyond its envelope. Absent members stay absent.
package struct EventData: Sendable, Equatable {
    /// The room in which it happened.
    package var room: Room?
    /// The participant whom it concerns.
    package var participant: Participant?
    /// The track it concerns.
    package var track: Track?
    /// The recording it concerns.
    package var recording: Recording?
    /// The member it concerns, in events that the relay makes of its streams.
    package var member: Member?
    /// The provider's own name of the event.
    package var providerEvent: WireText?
    /// All other members by name: `stream`, `ingress`, `transcript`, `call`, `job`, or a `standard` sender's own data.
    package var other: JSONObject = [:]

    /// No content.
    package init() {}

    /// Parses what ``write(to:)`` wrote. A member with one of the known names but another shape, which a `standard`
    /// sender may send, stays in ``other``.
    package init(_ object: JSONObject) {
        other = object.filter { !take($0) }
    }

    /// Reads the member out of ``other``. Only events of ``ClientSource`` have one: to senders of webhooks `member` is a
    /// name like any other.
    mutating func takeMember() {
        member = Member(other["member"])
        if member != nil { other["member"] = nil }
    }

    private mutating func take(_ member: JSONObject.Member) -> Bool {
        switch member.name {
        case "room":
            room = Room(member.value)
            return room != nil
        case "participant":
            participant = Participant(member.value)
            return participant != nil
        case "track":
            track = Track(member.value)
            return track != nil
        case "recording":
            recording = Recording(member.value)
            return recording != nil
        case "providerEvent":
            providerEvent = member.value.string
            return providerEvent != nil
        default: return false
        }
    }

    /// Writes the members; the caller has opened the object.
    package func write(to writer: inout JSONWriter) {
        // Closures, since a method reference would copy the whole value.
        if let room { writer.member("room") { room.write(to: &$0) } }
        if let participant { writer.member("participant") { participant.write(to: &$0) } }
        if let track { writer.member("track") { track.write(to: &$0) } }
        if let recording { writer.member("recording") { recording.write(to: &$0) } }
        if let member { writer.member("member") { member.write(to: &$0) } }
        for member in other.members { writer.member(member.name, member.value) }
        writer.member("providerEvent", providerEvent)
    }
}

/// A condition on which a draft is appended: the room is as it was when the draft was decided on.
///
/// The reconciler reads the journal's head and its rooms, asks the provider, and compares. By then webhooks may have
/// arrived. The condition makes such a comparison outdated instead of letting it undo what a webhook told.
package struct RoomCondition: Sendable, Hashable {
    /// The room, open or not.
    package let room: RoomKey
    /// The condition holds as long as no later event has touched the room: none that opens or closes it, and none of a
    /// participant, track or recording in it, whether that event changed the state or was late. Events with an
    /// audience, and events of types that tell nothing about rooms, do not touch it.
    ///
    /// It works for rooms that are not open, too: a webhook that opens the room, and one that closes it again, both
    /// touch it.
    package let untouchedSince: EventID

    /// A condition on a room, with the journal's head as it was when the room's state was read.
    package init(room: RoomKey, untouchedSince: EventID) {
        self.room = room
        self.untouchedSince = untouchedSince
    }
}

/// What became of a draft in a commit.
package enum DraftVerdict: Sendable, Hashable {
    /// It was appended.
    case new
    /// Nothing was appended: its key was seen before, in the journal or earlier in the batch; or it is an event of the
    /// relay's own that would change nothing any more.
    case duplicate
    /// Nothing was appended and no key was kept: its condition does not hold.
    case outdated
}

/// An event that is to be appended to the journal.
package struct Draft: Sendable {
    /// The event.
    package var event: Event
    /// The provider's id of the event. Of several with the same key and source only the first is appended.
    package var idempotencyKey: WireText
    /// The provider's body as JSON on one line, without secrets, for subscribers whose grant includes `raw`.
    package var raw: [UInt8]?
    /// What must hold for it to be appended; nil for no condition. Drafts that follow one another in a batch with equal
    /// conditions are a group: the condition is checked once, before the first of them, so that the first does not make
    /// the others outdated. All of them are appended, or none is.
    package var condition: RoomCondition?

    /// An event to append under this key.
    package init(event: Event, idempotencyKey: WireText, raw: [UInt8]? = nil, condition: RoomCondition? = nil) {
        self.event = event
        self.idempotencyKey = idempotencyKey
        self.raw = raw
        self.condition = condition
    }
}
