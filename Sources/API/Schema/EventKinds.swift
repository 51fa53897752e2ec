internal import Events
internal import Wire

/// What the events of one type have in common.
struct EventKind: Sendable {
    /// The value of `type`.
    let type: String
    /// The member of `data` without which such an event says nothing. The JSON Schema requires it.
    let subject: String?
    /// The members of `data` that every provider tells beside it. Readers may rely on them, so the TypeScript types
    /// require them; a body that is signed without them is relayed all the same, so the JSON Schema does not.
    let besides: [String]

    /// All that a reader finds in `data`.
    var needs: [String] { besides + (subject.map { [$0] } ?? []) }

    /// The TypeScript interface of such an event, as in `RoomStartedEvent`.
    var interfaceName: String { Self.capitalised(type) + "Event" }

    /// `room_started` as `RoomStarted`.
    static func capitalised(_ name: String) -> String {
        name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}

extension EventShapes {
    /// What events of a family of types have in `data`, by the beginning of the type. Daily's recordings and streams,
    /// LiveKit's ingresses and all jobs may name no room.
    private static let families: [(prefix: String, subject: String?, besides: [String])] = [
        ("room_", "room", []), ("participant_", "participant", ["room"]), ("track_", "track", ["room", "participant"]),
        ("recording_", "recording", []), ("stream_", "stream", []), ("ingress_", "ingress", []),
        ("transcript_", "transcript", []), ("agent_job_", "job", []), ("batch_job_", "job", []), ("call_", "call", []),
        ("assistant_", nil, ["room"]), ("member_", "member", []),
    ]

    /// Dial-in and dial-out of Daily.
    private static let calls = [
        "call_dialin_ready", "call_dialin_connected", "call_dialin_stopped", "call_dialin_warning",
        "call_dialin_error", "call_dialout_connected", "call_dialout_answered", "call_dialout_stopped",
        "call_dialout_warning", "call_dialout_error",
    ]

    /// Every type that the relay itself gives to an event, with what it needs.
    static let kinds: [EventKind] = (EventType.known.map(\.rawValue.string) + calls).map { type in
        let family = families.first { type.hasPrefix($0.prefix) }
        return EventKind(type: type, subject: family?.subject, besides: family?.besides ?? [])
    }
}
