internal import Events
internal import Wire

/// Room, participant and track of livekit_models.proto. Any of them may be partial: track events have only ids and
/// names of room and participant, ingress events only the room's name.
enum LiveKitMessages {
    /// The unit of the times of egress, ingress and jobs, as units per second.
    static let nanoseconds: Int64 = 1_000_000_000

    /// `Room`; nil without a name.
    static func room(_ message: ProtoMessage) throws(Rejection) -> Room? {
        guard let name = try message.text("name") else { return nil }
        var room = Room(name: name, id: try message.text("sid"))
        room.startedAt = try time(message, "creationTimeMs", "creationTime")
        room.metadata = try message.text("metadata")
        return room
    }

    private static let participantKinds: [WireText?] = [
        "standard", "ingress", "egress", "sip", "agent", nil, nil, "connector", "bridge",
    ]
    private static let disconnectReasons: [WireText?] = [
        nil, "client_initiated", "duplicate_identity", "server_shutdown", "participant_removed", "room_deleted",
        "state_mismatch", "join_failure", "migration", "signal_close", "room_closed", "user_unavailable",
        "user_rejected", "sip_trunk_failure", "connection_timeout", "media_failure", "agent_error",
    ]

    /// `ParticipantInfo`; nil without a sid.
    static func participant(_ message: ProtoMessage) throws(Rejection) -> Participant? {
        guard let id = try message.text("sid") else { return nil }
        let kind = try message.word("kind", names: participantKinds) ?? Participant.standardKind
        var participant = Participant(id: id, identity: try message.text("identity"), kind: kind)
        participant.name = try message.text("name")
        participant.joinedAt = try time(message, "joinedAtMs", "joinedAt")
        participant.metadata = try message.text("metadata")
        participant.attributes = try message.map("attributes")
            .filter { SIPAttributes.isPublic($0.name) }
            .sorted { $0.name < $1.name }
        participant.permissions = try message.verbatim("permission")
        let reason = try message.word("disconnectReason", names: disconnectReasons)
        if reason != "unknown_reason" { participant.leaveReason = reason }
        return participant
    }

    private static let trackKinds: [WireText?] = ["audio", "video", "data"]
    private static let trackSources: [WireText?] = [nil, "camera", "microphone", "screen_share", "screen_share_audio"]

    /// `TrackInfo`; nil without a sid. A missing type means audio, whose number is 0.
    static func track(_ message: ProtoMessage) throws(Rejection) -> Track? {
        guard let id = try message.text("sid") else { return nil }
        let kind = try message.word("type", names: trackKinds) ?? "audio"
        var track = Track(id: id, kind: kind, muted: try message.bool("muted"))
        let source = try message.word("source", names: trackSources)
        if source != "unknown" { track.source = source }
        track.name = try message.text("name")
        track.mimeType = try message.text("mimeType")
        return track
    }

    /// A time that newer servers send in milliseconds in addition to the seconds of older ones.
    private static func time(
        _ message: ProtoMessage, _ preciseName: WireText, _ name: WireText
    ) throws(Rejection) -> WallTime? {
        if let precise = try message.time(preciseName, perSecond: 1000) { return precise }
        return try message.time(name, perSecond: 1)
    }
}

extension Activity {
    /// Reads start, end and error, which egress, ingress and jobs have under the same names.
    mutating func readRun(of message: ProtoMessage?) throws(Rejection) {
        startedAt = try message?.time("startedAt", perSecond: LiveKitMessages.nanoseconds)
        endedAt = try message?.time("endedAt", perSecond: LiveKitMessages.nanoseconds)
        durationSeconds = WireTime.seconds(from: startedAt, to: endedAt)
        error = try message?.text("error").map(RedactedURL.prose)
    }
}
