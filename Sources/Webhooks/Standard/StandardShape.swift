internal import Events
internal import Wire

/// The members that an event of one of the relay's own types must have. Clients that know the type read these members
/// without asking which provider sent it.
enum StandardShape {
    /// The error, as the end of a sentence that begins with the type; nil if there is none, and for every type of the
    /// sender's own.
    static func fault(_ event: Event) -> String? {
        guard let family = families.first(where: { $0.takes(event.type) }) else { return nil }
        if family.needsRoom, event.room == nil { return "needs room, the name of the room" }
        if let room = event.room, let told = event.data.room, told.name != room {
            return "has a data.room.name that is not its room"
        }
        if let fault = misshapen(event.data) { return fault }
        return family.member.flatMap { missing($0, in: event.data) }
    }

    /// The event of another provider, with the type `unknown` if it lacks the member of `data` that the schema promises
    /// for its type. Its `providerEvent` still has the provider's name of the event.
    static func orUnknown(_ event: Event) -> Event {
        guard let member = families.first(where: { $0.takes(event.type) })?.member,
            missing(member, in: event.data) != nil
        else { return event }
        var event = event
        event.type = .unknown
        return event
    }

    /// The types that have a member of `data` in common.
    private struct Family {
        /// The beginning of these types.
        let prefix: WireText
        /// The member, if they have one.
        let member: WireText?
        /// Whether every provider sends the room of these types.
        var needsRoom = false
        /// Whether types with this prefix that are in no list belong to the relay as well.
        var isOpen = false

        func takes(_ type: EventType) -> Bool {
            type.rawValue.hasPrefix(prefix) && (isOpen || EventType.known.contains(type))
        }
    }

    private static let families = [
        Family(prefix: "room_", member: "room", needsRoom: true),
        Family(prefix: "participant_", member: "participant", needsRoom: true),
        Family(prefix: "track_", member: "track", needsRoom: true),
        Family(prefix: "recording_", member: "recording"),
        Family(prefix: "stream_", member: "stream"),
        Family(prefix: "ingress_", member: "ingress"),
        Family(prefix: "transcript_", member: "transcript"),
        Family(prefix: "agent_job_", member: "job"),
        Family(prefix: "batch_job_", member: "job"),
        Family(prefix: "call_dialin_", member: "call", isOpen: true),
        Family(prefix: "call_dialout_", member: "call", isOpen: true),
        Family(prefix: "assistant_requested", member: nil),
        Family(prefix: "unknown", member: nil),
    ]

    /// The members that clients know, and what each must have. A well-formed one is in a property of its own in
    /// ``EventData``.
    private static let shapes: [(WireText, String)] = [
        ("room", "name"), ("participant", "id"), ("track", "id and kind"), ("recording", "id and status"),
    ]
    private static let activities: [WireText] = ["stream", "ingress", "transcript", "job"]

    /// The error in a member that is present.
    private static func misshapen(_ data: EventData) -> String? {
        for (name, needs) in shapes where data.other[name].map({ !$0.isNull }) == true {
            return "needs data.\(name) to be an object with \(needs), which are text"
        }
        for name in activities {
            guard let value = data.other[name], !value.isNull else { continue }
            guard let object = value.object, object["id"]?.string != nil, object["status"]?.string != nil else {
                return "needs data.\(name) to be an object with id and status, which are text"
            }
        }
        if let call = data.other["call"], !call.isNull, call.object == nil {
            return "needs data.call to be an object"
        }
        return nil
    }

    private static func missing(_ member: WireText, in data: EventData) -> String? {
        let isThere =
            switch member {
            case "room": data.room != nil
            case "participant": data.participant != nil
            case "track": data.track != nil
            case "recording": data.recording != nil
            default: data.other[member]?.object != nil
            }
        return isThere ? nil : "needs data.\(member)"
    }
}
