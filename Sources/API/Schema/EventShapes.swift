internal import Events
internal import Wire

/// The shapes of everything that subscribers receive.
enum EventShapes {
    static let room = Shape(
        "Room", "A room as an event describes it.",
        [
            .must("name", .string, "The name under which clients join it."),
            .may("id", .string, "The provider's id of this one session of the room."),
            .may("startedAt", .time, "When this session began."),
            .may("endedAt", .time, "When it ended."),
            .may("durationSeconds", .number, "How long it lasted."),
            .may("metadata", .string, "What the application attached to it."),
            .may("endReason", .string, "Why it ended, lower case."),
        ])

    static let participant = Shape(
        "Participant", "Somebody or something in a room.",
        [
            .must("id", .string, "One connection: a reload makes a new one."),
            .may("identity", .string, "The user behind it, as the application named them."),
            .may("name", .string, "The name to show."),
            .must("kind", .string, "standard for people; else agent, sip, ingress, egress, recorder, and so on."),
            .may("joinedAt", .time, "When this connection joined."),
            .may("leftAt", .time, "When it left."),
            .may("durationSeconds", .number, "How long it stayed."),
            .may("leaveReason", .string, "Why it left, lower case."),
            .may("isOwner", .boolean, "Whether it has the rights of an owner."),
            .may("networkQuality", .string, "good, warning, bad or unknown."),
            .may("metadata", .string, "What the application attached to it."),
            .may("attributes", .texts, "Name and value."),
            .may("permissions", .any, "What the provider lets it do, in the provider's words."),
        ])

    static let track = Shape(
        "Track", "A published track.",
        [
            .must("id", .string, "The provider's id of the track."),
            .must("kind", .string, "audio, video or data."),
            .may("source", .string, "camera, microphone, screen_share or screen_share_audio."),
            .may("name", .string, "The name that the publisher gave it."),
            .must("muted", .boolean, "Whether it was muted when it was published."),
            .may("mimeType", .string, "The codec, as in video/VP8."),
        ])

    static let activity = Shape(
        "Activity", "Something that goes on for a while: a recording, a stream, a transcript, a job.",
        [
            .must("id", .string, "The provider's id of it."),
            .must("status", .string, "Where it stands, lower case: starting, active, complete, failed, and so on."),
            .may("startedAt", .time, "When it began."),
            .may("endedAt", .time, "When it ended."),
            .may("durationSeconds", .number, "How long it is."),
            .may("error", .string, "Why it failed."),
        ])

    static let call = Shape(
        "Call", "A dial-in or dial-out.",
        [
            .may("id", .string, "The provider's id of the caller's session."),
            .must("direction", .words(["in", "out"]), "Who dialled."),
            .may("status", .string, "The provider's word for what happened: connected, stopped, and so on."),
            .may("origin", .string, "Where the call comes from, in the provider's words."),
            .may("participantName", .string, "The caller's name."),
            .may("participantIdentity", .string, "The caller's identity."),
            .may("error", .string, "Why it failed."),
        ])

    static let member = Shape(
        "Member", "A user who is present in a room through streams of their own.",
        [
            .must("user", .string, "The user, as the issuer of the token names them."),
            .must("issuer", .string, "Whose key signed the user's token: users of two issuers are two members."),
            .must("state", .object, "What the user shows: an object with members of the user's own choice."),
            .must("since", .time, "When the user came into the room."),
            .must("streams", .integer, "How many of the user's streams held the membership when this was told."),
            .may(
                "reason", .words(MemberEnd.allCases.map(\.rawValue)), "Why the member left; only in `member_left`."),
        ])

    static let data = Shape(
        "EventData", "What an event tells beyond its envelope. Absent stays absent.",
        [
            .may("room", .shape("Room"), "The room it happened in."),
            .may("participant", .shape("Participant"), "Whom it concerns."),
            .may("track", .shape("Track"), "The track it concerns."),
            .may("recording", .shape("Activity"), "The recording it concerns."),
            .may("stream", .shape("Activity"), "The live stream it concerns."),
            .may("ingress", .shape("Activity"), "The media from outside."),
            .may("transcript", .shape("Activity"), "The transcript it concerns."),
            .may("job", .shape("Activity"), "The agent's or batch job."),
            .may("call", .shape("Call"), "The dial-in or dial-out."),
            .may("member", .shape("Member"), "The user who is present, or was."),
            .may("providerEvent", .string, "The provider's own name of the event."),
        ])

    static let event = Shape(
        "RoomwireEvent", "One event, the same for every provider.", isOpen: false,
        [
            .must("type", .string, "What happened."),
            .must("id", .id, "Its place in the log; ids only grow."),
            .must("source", .string, "The configured source that it came through."),
            .must(
                "provider", .string, "The kind of that source: livekit, daily, whereby, standard, supabase, clients."),
            .may("room", .string, "The room's name."),
            .must("timestamp", .integer, "When it happened by the provider's word, in milliseconds since 1970."),
            .must("receivedAt", .integer, "When the relay received it, in milliseconds since 1970."),
            .may("synthetic", .boolean, "Made by the relay so that counts balance."),
            .may("late", .boolean, "Came after what it tells of was settled; it changes no state."),
            .may("untracked", .boolean, "Its room is not kept, since too many are open; it changes no state."),
            .may("addressed", .boolean, "Sent only to the users that it names; it changes no state."),
            .must("data", .shape("EventData"), "What is told beyond the envelope."),
            .may("raw", .any, "The provider's own body, redacted, for grants that say raw."),
        ])

    static let roomState = Shape(
        "RoomState", "An open room and who is inside.",
        room.members + [
            .must("source", .string, "The source through which it is known."),
            .must("provider", .string, "The kind of that source."),
            .must("numParticipants", .integer, "How many are inside."),
            .must("participants", .list(.shape("ParticipantState")), "Who is inside, in the order of joining."),
            .must("recordings", .list(.shape("Activity")), "Recordings under way."),
            .must("lastEventId", .id, "The last event that changed it."),
        ])

    static let participantState = Shape(
        "ParticipantState", "Somebody inside, with what they publish.",
        participant.members + [.must("tracks", .list(.shape("Track")), "What they publish.")])

    static let memberRoom = Shape(
        "MemberRoom", "A room and the users who are present in it.",
        [
            .must("name", .string, "The room's name."),
            .must("members", .list(.shape("Member")), "Who is present, in the order of coming."),
            .must("lastEventId", .id, "The last event that changed it."),
        ])

    /// What the relay itself says; none has an `id`.
    static let control: [Shape] = [
        Shape(
            "connected", "The first event of every stream.",
            [
                .must("streamId", .string, "The stream's number."),
                .must("user", .string, "Whose token opened it."),
                .must("filter", .any, "What was asked for; what is not limited is left out."),
                .must("granted", .any, "What the token allows; what is not limited is left out."),
                .must("oldestId", .id, "The oldest cursor that misses nothing."),
                .must("newestId", .id, "The newest event, to the second."),
                .may(
                    "lastEventId", .id,
                    "Where the stream begins: the cursor to come back with. Absent if the client's own was no id."),
                .must("heartbeatMs", .integer, "How long a stream is silent at most."),
                .may(
                    "listeners", .integer,
                    "About how many streams receive the same events by the same grant, as a power of two."),
                .may("expiresAt", .time, "When the stream ends with its token."),
            ]),
        Shape(
            "snapshot", "The rooms as they were; every event after its id follows.",
            [
                .must("lastEventId", .id, "The cursor that it stands for."),
                .must("rooms", .list(.shape("RoomState")), "The rooms within grant and filter."),
                .may(
                    "memberRooms", .list(.shape("MemberRoom")), "The rooms with members within them, if there are any."),
            ]),
        Shape(
            "resync", "Everything that the client holds may be stale: fetch it again.",
            [
                .must("reason", .words(["expired", "unknown", "malformed"]), "What is wrong with the cursor."),
                .must("oldestId", .id, "Where the stream goes on from."),
            ]),
        Shape("token_expiring", "The token ends soon.", [.may("expiresAt", .time, "When.")]),
        Shape("token_expired", "The token has ended, and the stream with it.", [.may("expiresAt", .time, "When.")]),
        Shape("closed", "An administrator has closed the stream.", []),
        Shape("revoked", "The token or its user was revoked, and the stream ends.", []),
        Shape(
            "replaced", "A newer stream of the same user has taken this one's place.",
            [.must("retryMs", .integer, "When to come back, if at all.")]),
        Shape(
            "retire", "The stream is as old as streams may become.",
            [.must("retryMs", .integer, "When to come back.")]),
        Shape("draining", "The relay stops.", [.must("retryMs", .integer, "When to come back.")]),
        Shape(
            "refused", "No stream now.",
            [
                .must("reason", .string, "Why, in a word."),
                .must("detail", .string, "Why, in a sentence."),
                .must("retryMs", .integer, "When to come back."),
                .may("final", .boolean, "True if the same request will be refused again."),
            ]),
        Shape(
            "heartbeat", "The stream is alive.",
            [
                .must("lastEventId", .id, "How far it has come: the cursor to come back with."),
                .may("listeners", .integer, "As in `connected`."),
            ]),
    ]

    /// Every shape that others refer to, in the order in which they are written.
    static let all = [
        event, data, room, participant, track, activity, call, member, roomState, participantState, memberRoom,
    ]
}
