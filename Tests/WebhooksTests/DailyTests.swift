import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// What Daily's bodies mean.
struct DailyEventTests {
    private func read(_ type: String, _ payload: String) throws -> Draft {
        let provider = try Daily(settings: ProviderSettings(source: "daily", secrets: ["c2VjcmV0"]))
        return try provider.event(
            #"{"type":"\#(type)","id":"id-1","payload":{\#(payload)},"event_ts":1790000000.449}"#)
    }

    private static let participant = #""room":"a","session_id":"s1","joined_at":1789999999.96"#
    private static let recording = #""recording_id":"r1","room_name":"a""#
    private static let transcript = #""id":"t1","room_name":"a","mtg_session_id":"m1""#
    private static let stream = #""instance_id":"i1","room_name":"a""#
    private static let job = #""id":"j1","preset":"transcript""#

    @Test(arguments: [
        ("meeting.started", #""room":"a""#, "room_started"), ("meeting.ended", #""room":"a""#, "room_finished"),
        ("participant.joined", participant, "participant_joined"),
        ("participant.left", participant, "participant_left"),
        ("waiting-participant.joined", participant, "participant_waiting"),
        ("waiting-participant.left", participant, "participant_waiting_left"),
        ("recording.started", recording, "recording_started"),
        ("recording.ready-to-download", recording, "recording_ready"),
        ("recording.error", recording, "recording_failed"),
        ("transcript.started", transcript, "transcript_started"),
        ("transcript.ready-to-download", transcript, "transcript_ready"),
        ("transcript.error", transcript, "transcript_failed"), ("streaming.started", stream, "stream_started"),
        ("streaming.updated", stream, "stream_updated"), ("streaming.ended", stream, "stream_ended"),
        ("streaming.error", stream, "stream_failed"), ("batch-processor.job-finished", job, "batch_job_finished"),
        ("batch-processor.error", job, "batch_job_failed"), ("dialin.ready", "", "call_dialin_ready"),
        ("dialin.connected", "", "call_dialin_connected"), ("dialin.stopped", "", "call_dialin_stopped"),
        ("dialin.warning", "", "call_dialin_warning"), ("dialin.error", "", "call_dialin_error"),
        ("dialout.connected", "", "call_dialout_connected"), ("dialout.answered", "", "call_dialout_answered"),
        ("dialout.stopped", "", "call_dialout_stopped"), ("dialout.warning", "", "call_dialout_warning"),
        ("dialout.error", "", "call_dialout_error"), ("calltransfer.initiated", "", "unknown"),
    ])
    func everyEventHasItsType(_ name: String, _ payload: String, _ type: WireText) throws {
        let draft = try read(name, payload)
        #expect(draft.event.type.rawValue == type)
        #expect(draft.event.data.providerEvent == WireText(name))
        #expect(draft.idempotencyKey == "id-1")
    }

    @Test(arguments: [
        "meeting.started", "participant.left", "recording.started", "streaming.started", "transcript.error",
    ])
    func withoutWhatItIsAboutAnEventIsUnknown(_ name: String) throws {
        let draft = try read(name, "")
        #expect(draft.event.type == .unknown)
        #expect(draft.event.data.providerEvent == WireText(name))
    }

    @Test func meetingHasItsTimesInEveryFormOfNumber() throws {
        let draft = try read(
            "meeting.ended", #""start_ts":1789999940,"end_ts":"1789999999.5","meeting_id":"m1","room":"a""#)
        #expect(
            draft.json == """
                {"type":"room_finished","source":"daily","provider":"daily","room":"a","timestamp":1789999999500,\
                "receivedAt":1790000001000,"data":{"room":{"name":"a","id":"m1",\
                "startedAt":"2026-09-21T14:12:20.000Z","endedAt":"2026-09-21T14:13:19.500Z","durationSeconds":59.5},\
                "providerEvent":"meeting.ended"}}
                """)
    }

    @Test func participantKeepsWhatDailyTells() throws {
        let draft = try read(
            "participant.left",
            """
            "room":"a","session_id":"s1","user_id":"u1","user_name":"Zoë 🦊","joined_at":1789999980.5,"duration":11.419,
            "owner":true,"permissions":{"canAdmin":["streaming"]},"networkQualityState":"warning",
            "participant_type":"SIP","user_data":{"seat":4},"will_eject_at":null
            """)
        #expect(
            draft.data == """
                {"room":{"name":"a"},"participant":{"id":"s1","identity":"u1","name":"Zoë 🦊","kind":"sip",\
                "joinedAt":"2026-09-21T14:13:00.500Z","leftAt":"2026-09-21T14:13:11.919Z","durationSeconds":11.419,\
                "isOwner":true,"networkQuality":"warning","metadata":"{\\"seat\\":4}",\
                "permissions":{"canAdmin":["streaming"]}},"providerEvent":"participant.left"}
                """)
        #expect(draft.event.timestamp == 1_789_999_991_919)
    }

    @Test func participantWithoutAUserHasNoIdentity() throws {
        let draft = try read("participant.joined", #""room":"a","session_id":"s1","user_name":null,"joined_at":5"#)
        #expect(draft.event.data.participant?.identity == nil)
        #expect(draft.event.data.participant?.name == nil)
        #expect(draft.event.data.participant?.kind == "standard")
    }

    @Test func recordingErrorIsKnownByItsInstance() throws {
        let draft = try read(
            "recording.error", #""error_msg":"x","instance_id":"i1","room_name":"a","timestamp":"1790000000""#)
        #expect(
            draft.data == """
                {"room":{"name":"a"},"recording":{"id":"i1","status":"failed","error":"x","instanceId":"i1"},\
                "providerEvent":"recording.error"}
                """)
    }

    @Test func recordingIsToldWithoutWhereItLies() throws {
        let draft = try read(
            "recording.ready-to-download",
            """
            "type":"raw-tracks","recording_id":"r1","room_name":"a","start_ts":1789999991,"status":"finished",
            "duration":9,"share_token":"SECRET","s3_key":"SECRET","tracks":[{"type":"audio","s3Key":"SECRET","size":12}]
            """)
        #expect(
            draft.data == """
                {"room":{"name":"a"},"recording":{"id":"r1","status":"complete",\
                "startedAt":"2026-09-21T14:13:11.000Z","durationSeconds":9,"recordingType":"raw-tracks",\
                "tracks":[{"type":"audio","sizeBytes":12}]},"providerEvent":"recording.ready-to-download"}
                """)
        #expect(!String(decoding: draft.raw ?? [], as: UTF8.self).contains("SECRET"))
    }

    @Test func transcriptNamesTheMeetingAsTheRoomsSession() throws {
        let draft = try read(
            "transcript.ready-to-download",
            """
            "id":"t1","info":{"instanceId":"i1"},"room_id":"x","room_name":"a","mtg_session_id":"m1","duration":60,
            "participant_minutes":2.5,"max_participants":2,"status":"t_completed","out_params":{"s3":{"key":"SECRET"}}
            """)
        #expect(
            draft.data == """
                {"room":{"name":"a","id":"m1"},"transcript":{"id":"t1","status":"complete","durationSeconds":60,\
                "instanceId":"i1","roomId":"x","maxParticipants":2,"participantMinutes":2.5},\
                "providerEvent":"transcript.ready-to-download"}
                """)
        #expect(!String(decoding: draft.raw ?? [], as: UTF8.self).contains("SECRET"))
    }

    @Test func callTellsNoTelephoneNumber() throws {
        let draft = try read(
            "dialout.answered",
            """
            "room":"a","timestamp":"1789999990","session_id":"s1","destination":"+4915112345678","user_id":"u1",
            "caller_id":"+4915112345678","sip_from":"sip:+4915112345678@example.org","origin":"pstn"
            """)
        #expect(
            draft.data == """
                {"room":{"name":"a"},"call":{"id":"s1","direction":"out","status":"answered","origin":"pstn",\
                "participantIdentity":"u1"},"providerEvent":"dialout.answered"}
                """)
        #expect(draft.event.timestamp == 1_789_999_990_000)
        #expect(!String(decoding: draft.raw ?? [], as: UTF8.self).contains("4915112345678"))
    }

    @Test(arguments: [
        "{}", #"{"type":5}"#, #"{"type":"participant.joined","payload":[]}"#, #"{"payload":null,"event_ts":"x"}"#,
        #"{"type":"participant.joined","payload":{"session_id":5,"joined_at":[]}}"#,
        #"{"type":"meeting.ended","payload":{"room":"a","start_ts":1e400,"end_ts":-1e300}}"#,
    ])
    func strangeBodyIsStillAnswered(_ body: String) throws {
        // Three refusals in a row make Daily stop sending altogether.
        let provider = try Daily(settings: ProviderSettings(source: "daily", secrets: ["c2VjcmV0"]))
        #expect(try provider.event(body).event.timestamp == 1_790_000_001_000)
    }
}

/// How Daily's requests are verified.
struct DailySigningTests {
    private let body = Array(#"{"type":"meeting.started","id":"1","payload":{"room":"a"},"event_ts":1790000000}"#.utf8)
    private let now: WallTime = 1_790_000_000_000

    private func provider(_ secrets: [String], _ options: [String: String] = [:]) throws -> Daily {
        try Daily(settings: ProviderSettings(source: "daily", secrets: secrets, options: options))
    }

    private func signed(timestamp: WireText) -> WebhookRequest {
        let code = SigningKey("secret".utf8).code(over: Array("\(timestamp).".utf8), body)
        return WebhookRequest(
            headers: [
                .init(name: "x-webhook-timestamp", value: timestamp),
                .init(name: "X-WEBHOOK-SIGNATURE", value: WireText(Base64.standard.text(code))),
            ], body: body)
    }

    @Test func anyOfSeveralSecretsMayHaveSigned() throws {
        let rotating = try provider(["b2xkIHNlY3JldA==", "c2VjcmV0"])
        #expect(rotating.refusal(signed(timestamp: "1790000000000"), now: now) == nil)
        let other = try provider(["b2xkIHNlY3JldA=="])
        #expect(other.refusal(signed(timestamp: "1790000000000"), now: now)?.reason == .badSignature)
    }

    @Test(arguments: [
        ("1790000000000", nil), ("1790000000", nil), ("1789997300", nil), ("1789997299", Rejection.Reason.expired),
        ("1790000300000", nil), ("1790000301000", .notYetValid), ("soon", .malformedHeader), ("-5", .malformedHeader),
        ("inf", .malformedHeader),
    ])
    func timestampMayBeSecondsOrMilliseconds(_ timestamp: String, _ reason: Rejection.Reason?) throws {
        #expect(try provider(["c2VjcmV0"]).refusal(signed(timestamp: WireText(timestamp)), now: now)?.reason == reason)
    }

    @Test func windowIsASetting() throws {
        let narrow = try provider(["c2VjcmV0"], ["replay_window": "60"])
        #expect(narrow.refusal(signed(timestamp: "1789999939"), now: now)?.skewSeconds == -61)
        let open = try provider(["c2VjcmV0"], ["replay_window": "0"])
        #expect(open.refusal(signed(timestamp: "1"), now: now) == nil)
    }

    @Test(arguments: [#"{"test":"test"}"#, #"{"Test":"test"}"#, #"{ "test": 1 }"#])
    func signedPingIsAnswered(_ ping: String) throws {
        let provider = try provider(["c2VjcmV0"])
        let bytes = Array(ping.utf8)
        let request = WebhookRequest(headers: provider.sign(bytes, idempotencyKey: "", now: now), body: bytes)
        guard case .answer(let answer) = try provider.receive(request, now: now) else {
            Issue.record("the ping became an event")
            return
        }
        #expect(answer == DirectAnswer(status: 200))
        let unsigned = WebhookRequest(headers: [], body: bytes)
        #expect(provider.refusal(unsigned, now: now)?.reason == .missingHeader)
    }

    @Test func basicAuthIsAnAlternative() throws {
        let provider = try provider([], ["basic_auth": "dXNlcjpwdw=="])
        func request(_ value: WireText) -> WebhookRequest {
            WebhookRequest(headers: [.init(name: "Authorization", value: value)], body: body)
        }
        #expect(provider.refusal(request("Basic dXNlcjpwdw=="), now: now) == nil)
        #expect(provider.refusal(request("Basic dXNlcjpwdg=="), now: now)?.reason == .badSignature)
        #expect(provider.refusal(request("Bearer dXNlcjpwdw=="), now: now)?.reason == .malformedHeader)
        #expect(provider.refusal(signed(timestamp: "1790000000"), now: now)?.reason == .missingHeader)
    }

    @Test func badSignatureIsNotRescuedByBasicAuth() throws {
        let provider = try provider(["b3RoZXI="], ["basic_auth": "x"])
        var request = signed(timestamp: "1790000000")
        request.headers.append(.init(name: "Authorization", value: "Basic x"))
        #expect(provider.refusal(request, now: now)?.reason == .badSignature)
    }
}
