import Events
import Testing
import Wire

@testable import roomwire

@Suite struct ReconnectTests {
    @Test func theRelaysWordIsTheFirstWait() {
        var reconnect = Reconnect()
        reconnect.retryMilliseconds = 3000
        #expect(reconnect.waitMilliseconds(random: 0.5) == 3000)
    }

    @Test func failuresInARowDoubleTheWaitUpToABound() {
        var reconnect = Reconnect()
        let waits = (0..<40).map { _ in reconnect.waitMilliseconds(random: 0.5) }
        #expect(waits.prefix(6) == [1000, 2000, 4000, 8000, 16_000, 30_000])
        #expect(waits.dropFirst(5).allSatisfy { $0 == Reconnect.longestMilliseconds })
    }

    @Test func anOpenStreamEndsTheRowOfFailures() {
        var reconnect = Reconnect()
        for _ in 0..<5 { _ = reconnect.waitMilliseconds(random: 0.5) }
        reconnect.succeeded()
        #expect(reconnect.waitMilliseconds(random: 0.5) == 1000)
    }

    @Test func waitsAreSpread() {
        var early = Reconnect()
        var late = Reconnect()
        #expect(early.waitMilliseconds(random: 0) == 750)
        #expect(late.waitMilliseconds(random: 1) == 1250)
    }

    @Test func retryAfterIsTheLeast() {
        var reconnect = Reconnect()
        #expect(reconnect.waitMilliseconds(retryAfterSeconds: 60, random: 0) == 60_000)
        #expect(reconnect.waitMilliseconds(retryAfterSeconds: 0, random: 0.5) == 2000)
    }
}

@Suite struct RefusalTests {
    func refusal(_ status: Int, _ body: String, headers: [String: String] = [:]) throws -> Refusal? {
        var refusal = try Refusal(status: status, headers: headers)
        refusal?.append(Array(body.utf8))
        return refusal
    }

    @Test func anEventStreamIsNone() throws {
        #expect(try refusal(200, "", headers: ["content-type": "text/event-stream; charset=utf-8"]) == nil)
    }

    @Test(arguments: [["content-type": "text/html"], [:]])
    func anotherServersPageIsTheEnd(headers: [String: String]) {
        #expect(throws: Failure.self) { try refusal(200, "<html>", headers: headers) }
    }

    @Test(arguments: [
        (401, "{\"detail\":\"The token has expired.\"}", "the token was not accepted: The token has expired"),
        (401, "", "the token was not accepted: no reason given"),
        (
            403, "{\"title\":\"Forbidden\",\"detail\":\"No such room.\"}",
            "the token does not cover what was asked for: No such room"
        ),
        (404, "<html>", "there is no relay at this address: not found"),
        (400, "{\"title\":\"Unknown parameter x\"}", "Unknown parameter x"),
        (400, "{\"detail\":\"a\\u001b[31mb\"}", "a\u{FFFD}[31mb"),
    ])
    func aFinalRefusalIsExplained(status: Int, body: String, sentence: String) throws {
        #expect(try refusal(status, body)?.failure == .refused(sentence))
    }

    @Test(arguments: [408, 429, 500, 502, 503])
    func aTransientRefusalIsNotTheEnd(status: Int) throws {
        let refusal = try refusal(status, "", headers: ["retry-after": "7"])
        #expect(refusal?.failure == nil)
        #expect(refusal?.retryAfterSeconds == 7)
    }

    @Test func aRedirectNamesItsPlace() throws {
        let refusal = try refusal(302, "", headers: ["location": "https://elsewhere.example.com/"])
        #expect(refusal?.failure?.sentence.contains("https://elsewhere.example.com/") == true)
    }
}

@Suite struct StreamMessageTests {
    @Test func anEventIsToldByItsID() {
        let json = #"{"type":"connected","id":"1-0","source":"s","provider":"standard","receivedAt":1,"data":{}}"#
        guard case .event(let event) = StreamMessage(json) else {
            Issue.record("not an event")
            return
        }
        #expect(event.type.rawValue == "connected")
    }

    @Test(arguments: [
        (#"{"type":"connected","user":"ada","newestId":"1-0"}"#, "connected as ada; the newest event is 1-0"),
        (
            #"{"type":"resync","reason":"expired","oldestId":"1-0"}"#,
            "resync (expired): events are missing; continuing with the oldest in the journal"
        ),
        (#"{"type":"draining","retryMs":1}"#, "the relay is stopping; reconnecting"),
        (#"{"type":"refused","detail":"Too many."}"#, "refused (Too many.)"),
        (#"{"type":"token_expired"}"#, "the token has expired"),
        (#"{"type":"closed"}"#, "an administrator has closed the stream"),
        (#"{"type":"revoked"}"#, "the token, or its user, was revoked"),
        (#"{"type":"replaced","retryMs":60000}"#, "a newer stream of the same user has replaced this one"),
        (#"{"type":"token_expiring"}"#, nil),
        (#"{"type":"heartbeat"}"#, nil),
    ])
    func whatTheRelaySaysItselfIsToldToPeople(json: String, notice: String?) {
        guard case .control(let control, let object) = StreamMessage(json) else {
            Issue.record("not a control event")
            return
        }
        #expect(StreamMessage.notice(control, object) == notice)
    }

    @Test(arguments: ["", "text", "[]", "{}", #"{"type":"news"}"#])
    func whatIsUnknownIsNeither(json: String) {
        guard case .other = StreamMessage(json) else {
            Issue.record("taken for something")
            return
        }
    }
}
