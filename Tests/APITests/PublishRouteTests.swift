import Access
import Events
import Fanout
import Journal
import Platform
import Telemetry
import TestSupport
import Testing
import Wire

@testable import API

/// What clients publish, and what they are refused.
@Suite struct PublishRouteTests {
    private static let typing = #"{"type":"typing","room":"hall","data":{"on":true}}"#

    @discardableResult
    private func publish(
        _ body: String = typing, on stage: APIStage, token: WireText?, key: WireText? = nil,
        headers: [(name: WireText, value: WireText)] = []
    ) throws -> TestExchange {
        var headers = headers
        if let key { headers.append(("idempotency-key", key)) }
        let exchange = try stage.send(
            "POST", "/api/events", token: token, headers: headers, body: Array(body.utf8))
        try stage.workUntilAnswered(exchange)
        stage.publish()
        return exchange
    }

    private func token(
        _ props: StageProps, _ user: WireText = "ada", rooms: [WireText] = ["*"],
        types: [WireText] = ["typing", "call.*"]
    ) -> WireText {
        props.token(user, rooms: PatternSet(rooms), publish: PatternSet(types))
    }

    @Test func anEventReachesTheOthersWithTheSendersNameAfterTheCommit() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let stream = try stage.send("GET", "/api/events?room=hall", token: props.token("bob"))
        let answer = try publish(on: stage, token: token(props))
        #expect(answer.status == 201)
        let id = try #require(answer.json.object?["id"]?.string)
        #expect(id.string == stage.hub.head.description)
        let text = stream.streamed()
        #expect(text.contains("id: \(id)\n"))
        #expect(text.contains(#""source":"clients","provider":"clients","room":"hall","user":"ada","issuer":"own""#))
        #expect(text.contains(#""data":{"on":true}"#))
    }

    @Test func anEphemeralEventReachesOpenStreamsAndNotTheJournal() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let stream = try stage.send("GET", "/api/events?room=hall", token: props.token("bob"))
        let body = #"{"type":"typing","room":"hall","ephemeral":true}"#
        #expect(try publish(body, on: stage, token: token(props)).status == 202)
        #expect(stream.streamed().contains(#""ephemeral":true"#))
        #expect(try stage.journal.extent().head == .zero)
        let page = try stage.send("GET", "/api/events?format=json&tail=10", token: props.token("bob"))
        if !page.hasEnded { try stage.workUntilAnswered(page) }
        #expect(page.json.object?["events"]?.array?.isEmpty == true)
    }

    @Test func aRetryIsTheSameEventAndAnothersKeyIsAnother() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let first = try publish(on: stage, token: token(props), key: "k1")
        let again = try publish(on: stage, token: token(props), key: "k1")
        #expect(first.status == 201 && again.status == 200)
        #expect(first.text == again.text && !first.text.isEmpty)
        #expect(try publish(on: stage, token: token(props, "bob"), key: "k1").status == 201)
        #expect(try publish(on: stage, token: token(props), key: "k2").status == 201)
        #expect(try publish(on: stage, token: token(props)).status == 201)
        for key in ["", "a b", "\u{7F}", "é", WireText(String(repeating: "k", count: 256))] as [WireText] {
            let refused = try publish(on: stage, token: token(props), key: key)
            #expect(refused.status == 400 && refused.reason == "bad_idempotency_key", "\(key)")
        }
    }

    @Test(arguments: [
        ("", "bad_event"), ("[]", "bad_event"), ("{", "bad_event"), (#"{"room":"hall"}"#, "bad_event"),
        (#"{"type":"a b","room":"hall"}"#, "bad_event"), (#"{"type":"typing\u0000","room":"hall"}"#, "bad_event"),
        (#"{"type":"typing","room":"ha\u0000ll"}"#, "bad_event"), ("{\"type\":\"typing\u{0}\"}", "bad_event"),
        (#"{"type":"typing","room":""}"#, "bad_event"), (#"{"type":"typing","room":7}"#, "bad_event"),
        (#"{"type":"typing","room":"hall","data":[]}"#, "bad_event"),
        (#"{"type":"typing","room":"hall","data":"x"}"#, "bad_event"),
        (#"{"type":"typing","room":"hall","users":"bob"}"#, "bad_event"),
        (#"{"type":"typing","room":"hall","users":["bob",1]}"#, "bad_event"),
        (#"{"type":"typing","room":"hall","ephemeral":1}"#, "bad_event"),
        (#"{"type":"typing","room":"hall","user":"eve"}"#, "bad_event"),
        (#"{"type":"typing","room":"hall","issuer":"idp"}"#, "bad_event"),
        (#"{"type":"typing","room":"hall","source":"livekit"}"#, "bad_event"),
        (#"{"type":"typing","room":"hall","id":"1-0"}"#, "bad_event"),
        (#"{"type":"room_started","room":"hall"}"#, "type_reserved"),
        (#"{"type":"member_joined","room":"hall"}"#, "type_reserved"),
        (#"{"type":"revoked","room":"hall"}"#, "type_reserved"),
        (#"{"type":"cursor","room":"hall"}"#, "type_not_granted"),
        (#"{"type":"typing","room":"cellar"}"#, "room_not_covered"),
        (#"{"type":"typing"}"#, "room_not_covered"),
    ])
    func whatMayNotBePublishedIsToldWhy(body: String, reason: String) throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let stream = try stage.send("GET", "/api/events", token: props.token("bob"))
        let opening = stream.streamed()
        #expect(opening.contains("connected"))
        let refused = try publish(
            body, on: stage, token: token(props, rooms: ["hall", "h_*"], types: ["typing", "r*", "m*"]))
        #expect(refused.reason == WireText(reason), "\(refused.text)")
        #expect(refused.status == (reason == "bad_event" ? 400 : 403))
        #expect(stream.streamed().isEmpty)
    }

    @Test func aLargeBodyIsRefused() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        func body(_ bytes: Int) -> String {
            let frame = #"{"type":"typing","room":"hall","data":{"x":""}}"#
            return frame.replacing(#""x":"""#, with: #""x":"\#(String(repeating: "x", count: bytes - frame.count))""#)
        }
        #expect(try publish(body(16_384), on: stage, token: token(props)).status == 201)
        let refused = try publish(body(16_385), on: stage, token: token(props))
        #expect(refused.status == 413 && refused.reason == "body_too_large")
        let users = (0...Limits.audienceUsers).map { "\"u\($0)\"" }.joined(separator: ",")
        #expect(
            try publish(#"{"type":"typing","room":"hall","users":[\#(users)]}"#, on: stage, token: token(props)).reason
                == "bad_event")
    }

    @Test func withoutAGrantNothingIsPublished() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        for token in [props.token(), props.token(admin: true)] {
            let refused = try publish(on: stage, token: token)
            #expect(refused.status == 403 && refused.reason == "publish_not_granted")
        }
        let ticket = try stage.send("POST", "/api/tickets", token: token(props))
        let text = try #require(ticket.json.object?["ticket"]?.string)
        let refused = try stage.send("POST", "/api/events?ticket=\(text)", body: Array(Self.typing.utf8))
        #expect(refused.status == 401 && refused.reason == "wrong_token_kind")
    }

    @Test func aRevokedUserPublishesNothing() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        #expect(try publish(on: stage, token: token(props)).status == 201)
        #expect(stage.shared.revocations.revoke(.user("ada"), until: Revocations.untilLifted, now: WallClock.now()))
        #expect(try publish(on: stage, token: token(props)).reason == "revoked")
    }

    @Test func aSourceOfThatNameSwitchesPublishingOff() throws {
        let props = try StageProps()
        let stage = try APIStage(props, source: "clients")
        let refused = try publish(on: stage, token: token(props))
        #expect(refused.status == 403 && refused.reason == "clients_source_taken")
    }

    @Test func aUserWhoPublishesTooMuchIsToldWhenToComeBack() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let token = token(props)
        let answers = try (0..<60).map { _ in try publish(on: stage, token: token) }
        let refused = answers.filter { $0.status == 429 }
        #expect(answers.prefix(20).allSatisfy { $0.status == 201 } && !refused.isEmpty)
        #expect(refused.allSatisfy { $0.reason == "too_many_publications" && $0.header("Retry-After") == "1" })
        #expect(try publish(on: stage, token: self.token(props, "bob")).status == 201)
    }

    @Test func aRoomInWhichTooMuchIsPublishedIsBounded() throws {
        let props = try StageProps()
        let stage = try APIStage(props, publish: PublishSettings(perSecond: 0, perRoomPerSecond: 2))
        let statuses = try (0..<20).map { try publish(on: stage, token: token(props, "user \($0)")).status }
        #expect(statuses.prefix(2) == [201, 201] && statuses.contains(429))
        let elsewhere = Self.typing.replacing("hall", with: "cellar")
        #expect(try publish(elsewhere, on: stage, token: token(props)).status == 201)
    }

    @Test func aJournalThatTakesNothingIsAReasonToComeBack() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        stage.journal.fails = true
        let failed = try publish(on: stage, token: token(props), key: "k")
        #expect(failed.status == 503 && failed.reason == "journal_unavailable" && failed.header("Retry-After") == "1")
        stage.journal.fails = false
        #expect(try publish(on: stage, token: token(props), key: "k").status == 201)
        stage.writer.stop()
        #expect(try publish(on: stage, token: token(props)).reason == "overloaded")
        stage.shared.beginDraining()
        #expect(try publish(on: stage, token: token(props)).reason == "draining")
    }

    @Test func loopsThatDoNotHandleTheirMailBoundEphemeralEvents() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        var event = Event(type: EventType(rawValue: "typing"), source: "s", provider: "p", room: nil, receivedAt: 0)
        event.author = Principal(issuer: "own", user: "ada")
        event.data = EventData(verbatim: ["x": .string(WireText(String(repeating: "x", count: 16_000)))])
        let large = EphemeralEvent(event)
        var count = 0
        while stage.shared.broadcasts.begin(large, loops: 4) { count += 1 }
        #expect(count * 4 * large.bytes <= Limits.waitingEphemeralBytes + 4 * large.bytes)
        let body = #"{"type":"typing","room":"hall","ephemeral":true}"#
        #expect(try publish(body, on: stage, token: token(props)).reason == "overloaded")
        for _ in 0..<(4 * count) { stage.shared.broadcasts.end(large) }
        #expect(try publish(body, on: stage, token: token(props)).status == 202)
    }

    // MARK: Pages

    @Test(
        arguments: [
            ("https://app.example.com", true), ("http://relay.example.com", true), ("https://evil.example", false),
            ("null", false), (nil, false),
        ] as [(String?, Bool)])
    func aCookieLetsInPagesOfListedOriginsAlone(origin: String?, isLetIn: Bool) throws {
        let props = try StageProps()
        let stage = try APIStage(props, origins: ["https://app.example.com"])
        var headers: [(name: WireText, value: WireText)] = [
            ("cookie", "roomwire=\(token(props))"), ("host", "relay.example.com"),
        ]
        if let origin { headers.append(("origin", WireText(origin))) }
        let answer = try publish(on: stage, token: nil, headers: headers)
        #expect(answer.status == (isLetIn ? 201 : 403))
        #expect(isLetIn || answer.reason == "origin_not_listed")
        // A token in the header is no cookie, whichever page sends it.
        #expect(try publish(on: stage, token: token(props), headers: headers).status == 201)
    }

    @Test func aPageOfAnyOriginReadsNothingUnlessItIsListed() throws {
        let props = try StageProps()
        let stage = try APIStage(props, origins: ["https://app.example.com"])
        for (origin, isListed) in [("https://app.example.com", true), ("https://evil.example", false)] {
            let headers: [(name: WireText, value: WireText)] = [("origin", WireText(origin))]
            for answer in [
                try publish(on: stage, token: token(props), headers: headers),
                try publish("{}", on: stage, token: token(props), headers: headers),
                try stage.send("OPTIONS", "/api/events", headers: headers),
            ] {
                #expect(answer.header("Access-Control-Allow-Origin") == (isListed ? origin : nil))
            }
        }
        let asked = try stage.send(
            "OPTIONS", "/api/events",
            headers: [
                ("origin", "https://app.example.com"), ("access-control-request-method", "POST"),
                ("access-control-request-headers", "authorization,content-type,idempotency-key"),
            ])
        #expect(asked.status == 204 && asked.header("Access-Control-Allow-Methods") == "GET, HEAD, POST")
        #expect(asked.header("Access-Control-Allow-Headers")?.contains("idempotency-key") == true)
    }
}
