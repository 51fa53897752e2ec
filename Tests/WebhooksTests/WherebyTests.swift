import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// What Whereby's bodies mean.
struct WherebyTests {
    private func provider(_ options: [String: String] = [:]) throws -> Whereby {
        try Whereby(settings: ProviderSettings(source: "w", secrets: ["old", "secret"], options: options))
    }

    private func read(_ type: String, _ data: String) throws -> Draft {
        try provider().event(
            #"{"id":"id-1","createdAt":"2026-09-21T14:13:20.449Z","type":"\#(type)","data":{\#(data)}}"#)
    }

    @Test(arguments: [
        ("room.client.joined", "participant_joined"), ("room.client.left", "participant_left"),
        ("room.client.knocked", "participant_waiting"), ("room.client.knockCancelled", "participant_waiting_left"),
        ("room.session.started", "room_started"), ("room.session.ended", "room_finished"),
        ("transcription.started", "transcript_started"), ("transcription.finished", "transcript_ready"),
        ("transcription.failed", "transcript_failed"), ("recording.finished", "recording_ready"),
        ("assistant.requested", "assistant_requested"), ("room.client.teleported", "unknown"),
    ])
    func everyEventHasItsType(_ name: String, _ type: WireText) throws {
        let draft = try read(
            name, #""roomName":"/standup","participantId":"p1","recordingId":"r1","transcriptionId":"t1""#)
        #expect(draft.event.type.rawValue == type)
        #expect(draft.event.room == "standup")
        #expect(draft.event.timestamp == 1_790_000_000_449)
        #expect(draft.idempotencyKey == "id-1")
    }

    @Test(arguments: ["room.session.started", "room.client.joined", "transcription.failed", "recording.finished"])
    func withoutWhatItIsAboutAnEventIsUnknown(_ name: String) throws {
        let draft = try read(name, #""subdomain":"acme""#)
        #expect(draft.event.type == .unknown)
        #expect(draft.event.data.providerEvent == WireText(name))
    }

    @Test func joinIsReadWhole() throws {
        let draft = try read(
            "room.client.joined",
            """
            "meetingId":"6","roomName":"/standup-7f3a","subdomain":"acme","roomSessionId":"f6a1","displayName":"Ada",
            "participantId":"3f0c","metadata":"m","externalId":"user_1","roleName":"host","numClients":2,"isDialIn":false
            """)
        #expect(
            draft.data == """
                {"room":{"name":"standup-7f3a","id":"f6a1"},"participant":{"id":"3f0c","identity":"user_1",\
                "name":"Ada","kind":"standard","joinedAt":"2026-09-21T14:13:20.449Z","isOwner":true,"metadata":"m"},\
                "role":"host","providerEvent":"room.client.joined"}
                """)
    }

    @Test(arguments: [
        ("visitor", false, "standard"), ("granted_viewer", false, "standard"), ("visitor", true, "sip"),
        ("recorder", false, "recorder"), ("streamer", false, "streamer"), ("captioner", false, "captioner"),
        ("assistant", false, "assistant"),
    ])
    func rolesThatAreNoPeopleAreMarked(_ role: String, _ isDialIn: Bool, _ kind: WireText) throws {
        let draft = try read(
            "room.client.left", #""participantId":"1","roleName":"\#(role)","isDialIn":\#(isDialIn)"#)
        #expect(draft.event.data.participant?.kind == kind)
    }

    @Test func transcriptUsesTheWordsOfOtherProviders() throws {
        let draft = try read(
            "transcription.finished",
            """
            "roomName":"/a","roomSessionId":null,"transcriptionId":"t1","type":"RECORDING_TRANSCRIPTION","status":"ready",
            "filename":"t.md","storageType":"SELF_HOSTED","durationInSeconds":61.5,"recordingId":"r1"
            """)
        #expect(
            draft.data == """
                {"room":{"name":"a"},"transcript":{"id":"t1","status":"complete","durationSeconds":61.5,\
                "transcriptionType":"recording_transcription","recordingId":"r1","filename":"t.md",\
                "storageType":"self_hosted"},"providerEvent":"transcription.finished"}
                """)
    }

    @Test func anyOfSeveralSecretsMayHaveSigned() throws {
        let body = Array("{}".utf8)
        let old = try Whereby(settings: ProviderSettings(source: "w", secrets: ["secret"]))
        let request = WebhookRequest(headers: old.sign(body, idempotencyKey: "", now: 5000), body: body)
        #expect(try provider().refusal(request, now: 5000) == nil)
    }

    @Test func windowIsASetting() throws {
        let body = Array("{}".utf8)
        let request = try WebhookRequest(
            headers: provider().sign(body, idempotencyKey: "", now: 1_790_000_000_000), body: body)
        let later: WallTime = 1_790_000_061_000
        #expect(try provider().refusal(request, now: later)?.reason == .expired)
        #expect(try provider(["replay_window": "120"]).refusal(request, now: later) == nil)
    }
}
