import Events
import Settings
import TestSupport
import Testing
import Webhooks
import Wire

@testable import roomwire

@Suite struct RelayURLTests {
    @Test(arguments: [
        ("http://127.0.0.1:3001", "http://127.0.0.1:3001/api"), ("http://127.0.0.1:3001/", "http://127.0.0.1:3001/api"),
        ("https://example.com/relay", "https://example.com/relay/api"),
        ("https://example.com/api", "https://example.com/api"), ("http://[::1]:3001", "http://[::1]:3001/api"),
    ])
    func theAPIIsBelowTheAddress(base: String, api: String) throws {
        #expect(try RelayURL(base, prefix: "/api").text == api)
    }

    @Test(arguments: ["127.0.0.1:3001", "localhost", "", "ftp://x", "http://", "http://x?y=1", "http://x#y"])
    func whatIsNoAddressIsInvalid(base: String) {
        #expect { try RelayURL(base, prefix: "/api") } throws: { ($0 as? Failure)?.exitCode == 2 }
    }

    @Test(arguments: [
        ("http://127.0.0.1:1", true), ("http://localhost", true), ("http://[::1]:1", true),
        ("http://10.0.0.1", false), ("https://relay.example.com", false),
    ])
    func thisMachineIsKnown(base: String, isLocal: Bool) throws {
        #expect(try RelayURL(base, prefix: "/api").isLocal == isLocal)
    }

    @Test func valuesOfAQueryAreEscaped() {
        #expect(HTTPText.query([]).isEmpty)
        #expect(HTTPText.query([("room", "a b/ë&*"), ("type", "x")]) == "?room=a%20b%2F%C3%AB%26%2A&type=x")
    }
}

@Suite struct WelcomeTests {
    func lines(_ addresses: [String], demo: Bool = false, flags: String = "", sources: [SourceSettings] = []) -> String
    {
        var settings = Settings(environment: [:])
        settings.sources = sources
        return Welcome(settings: settings, addresses: addresses, demo: demo, flags: flags).lines
            .joined(separator: "\n")
    }

    @Test func theNextCommandsCanBePasted() {
        let text = lines(["127.0.0.1:3001"], demo: true)
        #expect(text.contains("roomwire listens on http://127.0.0.1:3001"))
        #expect(text.contains("follow:   roomwire tail\n"))
        #expect(text.contains("$(roomwire token --user me)\" http://127.0.0.1:3001/api/events"))
    }

    @Test func commandsFindTheSameSettingsAndAddress() {
        let text = lines(["127.0.0.1:4000"], flags: " --data /d")
        #expect(text.contains("roomwire tail --data /d --url http://127.0.0.1:4000"))
        #expect(text.contains("roomwire token --data /d --user me"))
    }

    @Test(arguments: [
        ("0.0.0.0:3001", "roomwire tail\n"), ("0.0.0.0:4000", "--url http://127.0.0.1:4000\n"),
        ("[::]:4000", "--url http://[::1]:4000\n"), ("https://0.0.0.0:3443", "--url https://127.0.0.1:3443\n"),
    ])
    func followNamesAnAddressThatCanBeReached(listen: String, command: String) throws {
        let follow = try #require(lines([listen]).split(separator: "follow:").last)
        #expect(follow.contains(command))
        #expect(!follow.contains("0.0.0.0") && !follow.contains("[::]"))
    }

    @Test func everySourcesAddressIsTold() {
        let text = lines(["127.0.0.1:3001"], sources: [SourceSettings(name: "lk", provider: "livekit")])
        #expect(text.contains("http://127.0.0.1:3001/api/webhooks/lk  (livekit)"))
    }

    @Test func whoeverHasNoSourceIsToldHowToSetOneUp() {
        #expect(lines(["127.0.0.1:3001"]).contains("LIVEKIT_API_KEY"))
    }
}

@Suite struct SendAndVerifyTests {
    let settings: Settings
    let now: WallTime = 1_790_000_000_000

    init() {
        var settings = Settings(environment: [:])
        settings.sources = [SourceSettings(name: "lk", provider: "livekit", keys: ["APIabc": "secret"])]
        self.settings = settings
    }

    @Test func whatSendSignsVerifyAccepts() throws {
        let provider = try ReadySource(named: "lk", in: settings).provider
        let plan = SendPlan.meeting(by: provider, room: "call_1", speed: 1, now: now)
        try #require(!plan.steps.isEmpty)
        for step in plan.steps {
            let headers = provider.sign(step.body, idempotencyKey: step.idempotencyKey, now: now)
            let capture = Capture(name: nil, request: WebhookRequest(headers: headers, body: step.body), verifyAt: nil)
            let verdict = Verdict(of: capture, by: provider, now: now)
            #expect(verdict.isAccepted)
            #expect(verdict.json.hasPrefix(#"{"name":null,"accepted":true,"reason":null,"event":{"type":""#))
            #expect(verdict.json.contains(#""room":"call_1""#))
        }
    }

    @Test func aRefusalSaysWhyInOneLine() throws {
        let provider = try ReadySource(named: "lk", in: settings).provider
        let capture = Capture(name: "bare", request: WebhookRequest(headers: [], body: []), verifyAt: nil)
        let verdict = Verdict(of: capture, by: provider, now: now)
        #expect(!verdict.isAccepted)
        let json = try #require(try JSONReader.value(verdict.json).object)
        #expect(json["name"]?.string == "bare")
        #expect(json["accepted"]?.bool == false)
        #expect(json["reason"]?.string == "missing_header")
        #expect(json["event"]?.isNull == true)
    }

    @Test func speedShortensTheWaits() throws {
        let provider = try ReadySource(named: "lk", in: settings).provider
        let seconds = { (speed: Double) in
            SendPlan.meeting(by: provider, room: "r", speed: speed, now: now).steps.reduce(0) { $0 + $1.delaySeconds }
        }
        #expect(seconds(1) > 0)
        #expect(seconds(1000) < 1)
    }

    @Test(arguments: [0.5, 1, 10, 1000]) func noEventIsToldBeforeItHappens(speed: Double) throws {
        let provider = try ReadySource(named: "lk", in: settings).provider
        var postedAt = Double(now.milliseconds)
        for step in SendPlan.meeting(by: provider, room: "r", speed: speed, now: now).steps {
            postedAt += step.delaySeconds * 1000
            let told = try #require(JSONReader.value(step.body).object?["createdAt"])
            let seconds = try #require(told.integer ?? told.string.flatMap { Int64($0.string) })
            #expect(Double(seconds * 1000) <= postedAt + 1)
        }
    }

    @Test func capturesKeepTheirTimesOnlyAtASpeed() {
        let captures = [10_000, 12_000, nil, 11_000, 15_000].map { time in
            Capture(name: nil, request: WebhookRequest(headers: [], body: []), verifyAt: time)
        }
        #expect(SendPlan.captures(captures, speed: nil).steps.map(\.delaySeconds) == [0, 0, 0, 0, 0])
        #expect(SendPlan.captures(captures, speed: 2).steps.map(\.delaySeconds) == [0, 1, 0, 0, 2])
    }

    @Test func aCapturesOwnIDStays() {
        let header = WebhookRequest.Header(name: "Webhook-Id", value: "msg_1")
        let capture = Capture(name: nil, request: WebhookRequest(headers: [header], body: []), verifyAt: nil)
        #expect(SendPlan.captures([capture], speed: nil).steps.map(\.idempotencyKey) == ["msg_1"])
    }

    @Test func anUnknownSourceIsInvalidAndTheKnownOnesAreNamed() {
        #expect {
            try ReadySource(named: "daily", in: settings)
        } throws: { error in
            (error as? Failure)?.sentence.hasPrefix("the settings have no source daily; they have lk (") == true
        }
    }
}
