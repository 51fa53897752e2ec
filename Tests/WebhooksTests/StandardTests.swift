import Crypto
import Events
import FoundationEssentials
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// Events of one's own backend, signed as Standard Webhooks are.
struct StandardTests {
    private let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func provider(_ secrets: [String]? = nil) throws -> Standard {
        try Standard(settings: ProviderSettings(source: "app", secrets: secrets ?? [secret]))
    }

    @Test func ringingCallIsReadWhole() throws {
        let draft = try provider().event(
            """
            {"type":"call.ringing","room":"call_42","users":["bob","eve"],"timestamp":"2026-09-21T14:13:20.123Z",
            "data":{"from":{"identity":"ada"},"video":true}}
            """)
        #expect(
            draft.json == """
                {"type":"call.ringing","source":"app","provider":"standard","room":"call_42",\
                "timestamp":1790000000123,"receivedAt":1790000001000,"addressed":true,\
                "data":{"from":{"identity":"ada"},"video":true}}
                """)
        #expect(draft.event.users == ["bob", "eve"])
        #expect(draft.idempotencyKey == "msg_1")
    }

    @Test func withoutUsersThereIsNoAudience() throws {
        #expect(try provider().event(#"{"type":"typing","room":"a"}"#).event.users == nil)
        #expect(try provider().event(#"{"type":"typing","room":"a","users":[]}"#).event.users == [])
    }

    @Test func eventOfTheRelaysOwnTypesNamesItsRoom() throws {
        let draft = try provider().event(
            #"{"type":"participant_joined","room":"a","data":{"participant":{"id":"p1","mood":"good"}}}"#)
        #expect(draft.data == #"{"room":{"name":"a"},"participant":{"id":"p1","kind":"standard","mood":"good"}}"#)
        #expect(try provider().event(#"{"type":"typing","room":"a"}"#).data == "{}")
    }

    @Test func membersOfKnownNamesButOtherShapesStayAsTheyAre() throws {
        let body = #"{"type":"x","data":{"room":"standup","track":7,"recording":[1],"participant":{"no":"id"}}}"#
        #expect(
            try provider().event(body).data
                == #"{"room":"standup","track":7,"recording":[1],"participant":{"no":"id"}}"#)
    }

    @Test(arguments: [
        (#""2026-09-21T14:13:20Z""#, 1_790_000_000_000), ("1790000000", 1_790_000_000_000),
        ("1790000000123", 1_790_000_000_123), ("1790000000.5", 1_790_000_000_500), ("null", 1_790_000_001_000),
    ])
    func timestampMayBeTextOrNumber(_ timestamp: String, _ expected: WallTime) throws {
        let draft = try provider().event(#"{"type":"x","timestamp":\#(timestamp)}"#)
        #expect(draft.event.timestamp == expected)
    }

    @Test(arguments: [
        "{}", "[]", #"{"type":""}"#, #"{"type":"with blank"}"#, #"{"type":"x","room":5}"#, #"{"type":"x","room":""}"#,
        #"{"type":"x","users":"bob"}"#, #"{"type":"x","users":["bob",5]}"#, #"{"type":"x","timestamp":"soon"}"#,
        #"{"type":"x","timestamp":-5}"#, #"{"type":"x","data":[]}"#, #"{"type":7}"#, "{",
    ])
    func bodyOfAnotherShapeIsRefusedWithASentence(_ body: String) throws {
        let bytes = Array(body.utf8)
        let headers = try provider().sign(bytes, idempotencyKey: "1", now: 1_790_000_000_000)
        let refusal = try provider().refusal(
            WebhookRequest(headers: headers, body: bytes), now: 1_790_000_000_000)
        #expect(refusal?.reason == .malformedBody)
        #expect(refusal?.detail.hasSuffix(".") == true)
    }

    @Test(arguments: ControlType.allCases)
    func aTypeOfTheRelaysOwnMessagesIsRefused(_ type: ControlType) throws {
        let body = Array(#"{"type":"\#(type.rawValue)","room":"a","data":{"retryMs":1}}"#.utf8)
        let headers = try provider().sign(body, idempotencyKey: "1", now: 1_790_000_000_000)
        let refusal = try provider().refusal(WebhookRequest(headers: headers, body: body), now: 1_790_000_000_000)
        #expect(refusal?.reason == .malformedBody)
        #expect(refusal?.detail.contains(type.rawValue.string) == true)
    }

    @Test(arguments: [
        (#"{"type":"participant_joined","room":"a"}"#, "data.participant"),
        (#"{"type":"participant_joined","room":"a","data":{"participant":{"identity":"ada"}}}"#, "id"),
        (#"{"type":"participant_left","data":{"participant":{"id":"p"}}}"#, "room"),
        (#"{"type":"room_started"}"#, "room"),
        (#"{"type":"room_started","room":"a","data":{"room":"a"}}"#, "data.room"),
        (#"{"type":"room_finished","room":"a","data":{"room":{"name":"b"}}}"#, "data.room.name"),
        (#"{"type":"track_published","room":"a","data":{"track":{"id":"t"}}}"#, "kind"),
        (#"{"type":"recording_ready","data":{"recording":{"id":"r"}}}"#, "status"),
        (#"{"type":"stream_started","data":{"stream":{"id":1,"status":"active"}}}"#, "data.stream"),
        (#"{"type":"ingress_started"}"#, "data.ingress"), (#"{"type":"transcript_ready"}"#, "data.transcript"),
        (#"{"type":"agent_job_started"}"#, "data.job"), (#"{"type":"batch_job_failed"}"#, "data.job"),
        (#"{"type":"call_dialin_ready"}"#, "data.call"),
    ])
    func aTypeOfTheRelaysOwnEventsNeedsTheirShape(_ text: String, _ missing: String) throws {
        let body = Array(text.utf8)
        let headers = try provider().sign(body, idempotencyKey: "1", now: 1_790_000_000_000)
        let refusal = try provider().refusal(WebhookRequest(headers: headers, body: body), now: 1_790_000_000_000)
        #expect(refusal?.status == 400)
        #expect(refusal?.detail.contains(missing) == true, "\(refusal?.detail ?? "accepted")")
    }

    @Test(arguments: [
        #"{"type":"room_started","room":"a"}"#,
        #"{"type":"track_published","room":"a","data":{"participant":{"id":"p"},"track":{"id":"t","kind":"audio"}}}"#,
        #"{"type":"recording_ready","data":{"recording":{"id":"r","status":"complete"}}}"#,
        #"{"type":"stream_started","data":{"stream":{"id":"s","status":"active"}}}"#,
        #"{"type":"call_dialin_ready","data":{"call":{}}}"#, #"{"type":"assistant_requested"}"#,
        #"{"type":"unknown"}"#, #"{"type":"room_painted","data":{"room":7}}"#, #"{"type":"Connected"}"#,
    ])
    func whatHasTheShapeOrATypeOfItsOwnIsTaken(_ body: String) throws {
        _ = try provider().event(body)
    }

    @Test func halfASurrogatePairIsReplacedInTheEventAndStaysInTheRawBody() throws {
        let draft = try provider().event(#"{"type":"x","data":{"na\udc00me":"Zo\ud83c","ok":"\ud83e\udd8a"}}"#)
        #expect(draft.data == "{\"na\u{FFFD}me\":\"Zo\u{FFFD}\",\"ok\":\"🦊\"}")
        #expect(
            String(decoding: draft.raw ?? [], as: UTF8.self)
                == #"{"type":"x","data":{"na\udc00me":"Zo\ud83c","ok":"🦊"}}"#)
        // With a character of the same kind as the marks there is no telling them apart.
        let odd = try provider().event(#"{"type":"x","data":{"a":"\ud83c","b":"\udbfe\udc00"}}"#)
        let raw = String(decoding: odd.raw ?? [], as: UTF8.self)
        #expect(raw == "{\"type\":\"x\",\"data\":{\"a\":\"\u{FFFD}\",\"b\":\"\u{10F800}\"}}")
    }

    @Test func ed25519KeysSignAndVerify() throws {
        let key = Curve25519.Signing.PrivateKey()
        let privateText = "whsk_" + Base64.standard.text(Array(key.rawRepresentation + key.publicKey.rawRepresentation))
        let publicText = "whpk_" + Base64.standard.text(Array(key.publicKey.rawRepresentation))
        let body = Array(#"{"type":"x"}"#.utf8)
        let signer = try provider([privateText])
        let headers = signer.sign(body, idempotencyKey: "msg_1", now: 1_790_000_000_000)
        #expect(headers.first { $0.name == "webhook-signature" }?.value.hasPrefix("v1a,") == true)
        var request = WebhookRequest(headers: headers, body: body)
        #expect(try provider([secret, publicText]).refusal(request, now: 1_790_000_000_000) == nil)
        #expect(signer.refusal(request, now: 1_790_000_000_000) == nil)
        #expect(try provider([secret]).refusal(request, now: 1_790_000_000_000)?.reason == .badSignature)
        request.body.append(0x20)
        #expect(try provider([publicText]).refusal(request, now: 1_790_000_000_000)?.reason == .badSignature)
    }

    @Test(arguments: [
        (Int64(-300), Rejection.Reason?.none), (-301, .expired), (300, nil), (301, .notYetValid),
    ])
    func windowIsFiveMinutesEitherWay(_ skewSeconds: Int64, _ reason: Rejection.Reason?) throws {
        let now: WallTime = 1_790_000_000_000
        let body = Array(#"{"type":"x"}"#.utf8)
        let headers = try provider().sign(body, idempotencyKey: "1", now: now + skewSeconds * 1000)
        let refusal = try provider().refusal(WebhookRequest(headers: headers, body: body), now: now)
        #expect(refusal?.reason == reason)
    }

    @Test(arguments: ["whsec_", "whsec_???", "whpk_AAAA", "whsk_AAAA", ""])
    func unusableSecretIsASettingsError(_ secret: String) {
        #expect(throws: ProviderSettingsError.self) { try provider([secret]) }
    }
}
