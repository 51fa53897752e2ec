import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// What LiveKit's bodies mean.
struct LiveKitEventTests {
    private func provider() throws -> LiveKit {
        try LiveKit(settings: ProviderSettings(source: "lk", keys: ["key": "secret"]))
    }

    private func read(_ vector: String) throws -> Draft {
        let capture = try #require(try Vectors.all("livekit.json").first { $0.name == vector }?.capture)
        return try LiveKitVectorTests.provider().event(capture.request, now: 1_790_000_001_000)
    }

    @Test func realBodyOfAJoinIsReadWhole() throws {
        let captures = try Capture.read(Vectors.bytes("livekit-real-meeting.jsonl"))
        let provider = try LiveKit(
            settings: ProviderSettings(source: "lk", keys: ["devkey": "devsecret_devsecret_devsecret_devsecret"]))
        let joined = try #require(captures.first { $0.name == "meeting-01-participant_joined" })
        let draft = try provider.event(joined.request, now: 1_795_202_975_729)
        #expect(
            draft.json == """
                {"type":"participant_joined","source":"lk","provider":"livekit",\
                "room":"call_8ca4e40f-215a-4df8-9f5a-f0824e847f80","timestamp":1795202975696,\
                "receivedAt":1795202975729,"data":{"room":{"name":"call_8ca4e40f-215a-4df8-9f5a-f0824e847f80",\
                "id":"RM_JhMk23CTZZwn","startedAt":"2026-11-20T19:29:35.598Z",\
                "metadata":"{\\"kind\\": \\"call\\", \\"subject\\": \\"Wöchentliche Besprechung\\", \
                \\"host\\": \\"user_1001\\"}"},"participant":{"id":"PA_w37m8L26hLub","identity":"user_1001",\
                "name":"Alice Ü","kind":"standard","joinedAt":"2026-11-20T19:29:35.696Z",\
                "metadata":"{\\"role\\":\\"host\\",\\"avatar\\":\\"/a/1001.png\\"}",\
                "attributes":{"lang":"de","seat":"1"},\
                "permissions":{"canSubscribe":true,"canPublish":true,"canPublishData":true}},\
                "providerEvent":"participant_joined"}}
                """)
    }

    @Test(arguments: [
        (
            "genuine-003-participant_left",
            """
            {"room":{"name":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",\
            "id":"RM_Pz4oD2kMNrSq","startedAt":"2026-09-21T13:18:08.619Z",\
            "metadata":"{\\"topic\\":\\"café\\",\\"n\\":1}"},"participant":{"id":"PA_zkeAwHB4375r",\
            "identity":"user-81","name":"李小龙","kind":"agent","joinedAt":"2026-09-21T14:00:40.423Z",\
            "leftAt":"2026-09-21T14:13:20.000Z","durationSeconds":759.577,"leaveReason":"duplicate_identity",\
            "metadata":"{\\"avatar\\":\\"https://example.org/a.png\\"}",\
            "permissions":{"canSubscribe":true,"canPublish":true,"canPublishData":true}},\
            "providerEvent":"participant_left"}
            """
        ),
        (
            "genuine-006-track_unpublished",
            """
            {"room":{"name":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",\
            "id":"RM_VMJGWjVridr9"},"participant":{"id":"PA_j4Ju8Sah6bHY","identity":"agent-AJ_2HeW73",\
            "kind":"standard"},"track":{"id":"TR_VCU8caCfsnCj7k","kind":"video","source":"camera","muted":false,\
            "mimeType":"video/VP8"},"providerEvent":"track_unpublished"}
            """
        ),
        (
            "genuine-015-room_finished",
            """
            {"room":{"name":"team/daily-sync","id":"RM_DNpGHWrTmkKv","startedAt":"2026-09-21T13:00:23.198Z",\
            "endedAt":"2026-09-21T14:13:20.000Z","durationSeconds":4376.802,"endReason":"idle_timeout"},\
            "providerEvent":"room_finished"}
            """
        ),
        (
            "genuine-041-agent_job_ended",
            """
            {"room":{"name":"kundengespräch","id":"RM_mHAinEXKP3QP"},"job":{"id":"AJ_zBxMqUuBBUYK",\
            "status":"success","startedAt":"2026-09-21T14:12:50.000Z","endedAt":"2026-09-21T14:13:20.000Z",\
            "durationSeconds":30,"dispatchId":"AD_iFJ8y4uyKQsZ","type":"room","agentName":"helper",\
            "participantIdentity":"agent-AJ_zBxMqUuBBUYK","workerId":"AW_cZG4nFrMHKSS"},\
            "providerEvent":"agent_job_ended"}
            """
        ),
        (
            "genuine-011-ingress_ended",
            """
            {"room":{"name":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",\
            "id":"RM_iJ8wcvZYDavr"},"ingress":{"id":"IN_enk4KpBMBnYU","status":"error",\
            "startedAt":"2026-09-21T14:12:40.000Z","endedAt":"2026-09-21T14:13:20.000Z","durationSeconds":40,\
            "name":"obs","inputType":"rtmp","participantIdentity":"obs-1","participantName":"OBS","reusable":true,\
            "video":{"mimeType":"video/x-h264","averageBitrate":2500000,"width":1920,"height":1080,"framerate":30},\
            "audio":{"mimeType":"audio/mpeg","averageBitrate":160000,"channels":2,"sampleRate":48000}},\
            "providerEvent":"ingress_ended"}
            """
        ),
    ])
    func vectorHasTheseData(_ vector: String, _ data: String) throws {
        #expect(try read(vector).data == data)
    }

    @Test func zeroValuesThatProtobufLeavesOutAreFilledIn() throws {
        let draft = try provider().event(
            #"{"event":"track_published","room":{"name":"a"},"participant":{"sid":"PA_1"},"track":{"sid":"TR_1"}}"#)
        #expect(draft.event.data.participant?.kind == "standard")
        #expect(draft.event.data.track?.kind == "audio")
        #expect(draft.event.data.track?.muted == false)
        #expect(draft.event.data.track?.source == nil)
    }

    @Test func unknownNameIsRelayedAsUnknown() throws {
        let draft = try read("content-unknown-event")
        #expect(draft.event.type == .unknown)
        #expect(draft.event.data.providerEvent == "room_teleported")
        #expect(draft.event.room == "客厅")
        #expect(draft.event.data.participant?.id == "PA_8ydYQQ75PibP")
    }

    @Test func namesOfTheProtoFileAreTaken() throws {
        let draft = try provider().event(
            """
            {"event":"participant_left","id":"EV_1","created_at":1790000000,"num_dropped":3,
            "room":{"sid":"RM_1","name":"a","creation_time_ms":"1789999999123"},"participant":{"sid":"PA_1",
            "joined_at_ms":1789999999500,"disconnect_reason":"ROOM_DELETED","attributes":{"snake_case":"kept"}}}
            """)
        #expect(
            draft.json == """
                {"type":"participant_left","source":"lk","provider":"livekit","room":"a","timestamp":1790000000000,\
                "receivedAt":1790000001000,"data":{"room":{"name":"a","id":"RM_1",\
                "startedAt":"2026-09-21T14:13:19.123Z"},"participant":{"id":"PA_1","kind":"standard",\
                "joinedAt":"2026-09-21T14:13:19.500Z","leftAt":"2026-09-21T14:13:20.000Z","durationSeconds":0.5,\
                "leaveReason":"room_deleted","attributes":{"snake_case":"kept"}},"numDropped":3,\
                "providerEvent":"participant_left"}}
                """)
    }

    @Test func enumsMayBeNumbers() throws {
        let draft = try provider().event(
            """
            {"event":"track_published","participant":{"sid":"PA_1","kind":4,"disconnectReason":2},
            "track":{"sid":"TR_1","type":1,"source":3}}
            """)
        #expect(draft.event.data.participant?.kind == "agent")
        #expect(draft.event.data.participant?.leaveReason == "duplicate_identity")
        #expect(draft.event.data.track?.kind == "video")
        #expect(draft.event.data.track?.source == "screen_share")
    }

    @Test func enumsOfTheFutureKeepTheirNameOrNumber() throws {
        let draft = try provider().event(
            #"{"event":"participant_joined","participant":{"sid":"PA_1","kind":"HOLOGRAM","disconnectReason":99}}"#)
        #expect(draft.event.data.participant?.kind == "hologram")
        #expect(draft.event.data.participant?.leaveReason == "99")
    }

    @Test func nullIsAbsent() throws {
        let draft = try read("content-null-members")
        #expect(draft.event.room == nil)
        #expect(draft.event.data.room == nil)
        #expect(draft.event.data.track == nil)
        #expect(draft.event.type == .participantJoined)
    }

    @Test func timeThatDoesNotFitIsAbsent() throws {
        let body = #"{"event":"room_started","room":{"name":"a"},"createdAt":"9223372036854775807"}"#
        #expect(try provider().event(body).event.timestamp == 1_790_000_001_000)
    }

    @Test func endWithinTheSecondOfTheStartIsNotBeforeIt() throws {
        let draft = try provider().event(
            """
            {"event":"participant_left","createdAt":"1790000000",
            "participant":{"sid":"PA_1","joinedAt":"1790000000","joinedAtMs":"1790000000700"}}
            """)
        #expect(draft.event.data.participant?.leftAt == 1_790_000_000_700)
        #expect(draft.event.data.participant?.durationSeconds == 0)
        #expect(draft.event.timestamp == 1_790_000_000_700)
    }

    @Test(arguments: [
        #""event":"room_started""#,
        #""event":"participant_joined","room":{"name":"a"},"participant":{"identity":"ada"}"#,
        #""event":"track_published","room":{"name":"a"},"participant":{"sid":"PA_1"},"track":{"name":"mic"}"#,
        #""event":"egress_ended","egressInfo":{"roomName":"a"}"#, #""event":"ingress_started""#,
        #""event":"agent_job_ended","job":{"dispatchId":"AD_1"}"#,
    ])
    func withoutWhatItIsAboutAnEventIsUnknown(_ members: String) throws {
        let draft = try provider().event("{\(members)}")
        #expect(draft.event.type == .unknown)
        #expect(draft.event.data.providerEvent != nil)
    }

    @Test func bodyWithoutAnIDIsKnownByItsHash() throws {
        let first = try provider().event(#"{"event":"room_started","room":{"name":"a"}}"#)
        let same = try provider().event(#"{"event":"room_started","room":{"name":"a"}}"#)
        let other = try provider().event(#"{"event":"room_started","room":{"name":"b"}}"#)
        #expect(first.idempotencyKey.hasPrefix("sha256:"))
        #expect(first.idempotencyKey == same.idempotencyKey)
        #expect(first.idempotencyKey != other.idempotencyKey)
    }

    @Test(arguments: [
        "[]", "7", #"{"event":7}"#, #"{"event":"room_started","room":[]}"#, #"{"room":{"name":5}}"#,
        #"{"track":{"sid":"TR","muted":"yes"}}"#, #"{"createdAt":"soon"}"#, #"{"participant":{"sid":"P","kind":true}}"#,
        #"{"participant":{"sid":"P","attributes":{"a":1}}}"#, #"{"egressInfo":{"egressId":"E","fileResults":{}}}"#,
    ])
    func memberOfAWrongKindIsRefused(_ body: String) throws {
        let bytes = Array(body.utf8)
        let headers = try provider().sign(bytes, idempotencyKey: "", now: 1_790_000_000_000)
        let request = WebhookRequest(headers: headers, body: bytes)
        #expect(try provider().refusal(request, now: 1_790_000_000_000)?.reason == .malformedBody)
    }
}
