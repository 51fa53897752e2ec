import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// Files of captured requests.
struct CaptureTests {
    private func read(_ text: String) throws -> [Capture] { try Capture.read(Array(text.utf8)) }

    @Test(arguments: [
        #"[{"name":"n","headers":{"A":"b"},"body":"{}","verifyAt":1790000000.5}]"#,
        #"{"vectors":[{"name":"n","headers":{"A":"b"},"bodyBase64":"e30=","verifyAt":1790000000.5}],"about":1}"#,
        #" {"name":"n","headers":{"A":"b"},"body":"ignored","bodyBase64":"e30=","verifyAt":1790000000.5}"#,
        "\n{\"name\":\"n\",\"headers\":{\"A\":\"b\"},\"body\":\"{}\",\"verifyAt\":1790000000.5}\r\n\n",
    ])
    func everyFormOfJSONIsRead(_ text: String) throws {
        let captures = try read(text)
        #expect(captures.count == 1)
        #expect(captures[0].name == "n")
        #expect(captures[0].request.headers == [.init(name: "A", value: "b")])
        #expect(captures[0].request.body == Array("{}".utf8))
        #expect(captures[0].verifyAt == 1_790_000_000_500)
    }

    @Test func linesAreReadInOrder() throws {
        let captures = try read(
            """
            {"headers":{},"body":"1"}

            {"headers":{"A":["b","c"]},"body":"2"}
            """)
        #expect(captures.map(\.request.body) == [[0x31], [0x32]])
        #expect(captures[1].request.headers.map(\.value) == ["b", "c"])
        #expect(captures[0].name == nil)
        #expect(captures[0].verifyAt == nil)
    }

    @Test func rawRequestIsRead() throws {
        let captures = try read("POST /hook?x=1 HTTP/1.1\r\nHost: h\r\nX-A:  b c \r\nContent-Length: 2\r\n\r\n{}\n")
        #expect(captures[0].request.target == "/hook?x=1")
        #expect(captures[0].request.header("x-a") == "b c")
        #expect(captures[0].request.body == Array("{}".utf8))
    }

    @Test func rawRequestThatLostItsCarriageReturnsIsRead() throws {
        let captures = try read("POST / HTTP/1.1\nAuthorization: t\n\n{}")
        #expect(captures[0].request.header("Authorization") == "t")
        #expect(captures[0].request.body == Array("{}".utf8))
    }

    @Test(arguments: [
        ("", nil), ("  \n", nil), ("hello", "line 1"), ("[1]", "request 1"),
        (#"[{"headers":{},"body":""},{"headers":{}}]"#, "request 2"), (#"[{"headers":[],"body":""}]"#, "request 1"),
        (#"[{"headers":{"A":1},"body":""}]"#, "request 1"), (#"{"headers":{},"bodyBase64":"e30"}"#, "request 1"),
        (#"{"headers":{},"body":"","verifyAt":"now"}"#, "request 1"), ("{\"headers\":{},\"body\":\"\"}\n{", "line 2"),
        ("{\"headers\":{},\"body\":\"\"}\n\n5", "line 3"), ("[{]", nil), ("POST / HTTP/1.1\nbroken\n\n", "line 2"),
        ("POST / HTTP/1.1\nA: b", nil), ("POST / HTTP/1.1\nContent-Length: 9\n\n{}", nil),
        ("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n0\n\n", nil),
    ])
    func errorNamesTheLineOrTheRequest(_ text: String, _ position: String?) throws {
        let error = try #require(throws: CaptureError.self) { try read(text) }
        #expect(error.position == position)
        #expect(!error.problem.isEmpty)
        #expect(position == nil || error.description.hasPrefix("\(position ?? ""): "))
    }

    @Test func capturesSignedAfreshAreAccepted() throws {
        let provider = try LiveKit(settings: ProviderSettings(source: "lk", keys: ["other": "key"]))
        let now: WallTime = 1_900_000_000_000
        for capture in try Capture.read(Vectors.bytes("livekit-real-meeting.jsonl")) {
            var request = capture.request
            #expect(provider.refusal(request, now: now)?.reason == .unknownKey)
            request.headers = provider.sign(request.body, idempotencyKey: "", now: now)
            #expect(provider.refusal(request, now: now) == nil)
        }
    }

    @Test func whatIsKeptOfARequestIsReadAgain() throws {
        let provider = try Standard(
            settings: ProviderSettings(source: "app", secrets: ["whsec_c2l4dGVlbiBieXRlcyBhbmQgc29tZSBtb3Jl"]))
        let body: [UInt8] = [0, 0xFF, 0x80, 0x0A]
        let others: [WebhookRequest.Header] = [
            .init(name: "Cookie", value: "a"), .init(name: "Proxy-Authorization", value: "b"),
            .init(name: "Authorization", value: "c"),
        ]
        let kept: [WebhookRequest.Header] = [
            .init(name: "Webhook-ID", value: "1"), .init(name: "webhook-signature", value: "v1,\u{FFFD}"),
            .init(name: "webhook-signature", value: ""), .init(name: "Content-Type", value: "a\"b"),
        ]
        let request = WebhookRequest(headers: others + kept, body: body, target: "/api/webhooks/app?x=%22")
        let capture = Capture(of: request, by: provider, receivedAt: 1_790_000_000_007)
        let read = try #require(try Capture.read(capture.json).first)
        #expect(Set(read.request.headers) == Set(kept) && read.request.headers.count == kept.count)
        #expect(read.request.body == body && read.request.target == request.target)
        #expect(read.verifyAt == 1_790_000_000_007)
        let bytes = request.target.byteCount + kept.reduce(0) { $0 + $1.name.byteCount + $1.value.byteCount }
        #expect(capture.headBytes == bytes)
    }

    @Test(arguments: Providers.all.map { $0.name }) func aProviderVerifiesByTheHeadersThatItNames(name: String) throws {
        let secrets = ["whsec_c2l4dGVlbiBieXRlcyBhbmQgc29tZSBtb3Jl"]
        let settings =
            switch name {
            case "livekit": ProviderSettings(source: "s", keys: ["key": "secret"])
            case "daily": ProviderSettings(source: "s", secrets: ["c2l4dGVlbiBieXRlcyBhbmQgc29tZSBtb3Jl"])
            default: ProviderSettings(source: "s", secrets: secrets)
            }
        let provider = try #require(Providers.named(name)).init(settings: settings)
        let now: WallTime = 1_790_000_000_000
        let step = try #require(provider.sampleMeeting(room: "r", now: now).first)
        let headers = provider.sign(step.body, idempotencyKey: "1", now: now)
        let capture = Capture(of: WebhookRequest(headers: headers, body: step.body), by: provider, receivedAt: now)
        let read = try #require(try Capture.read(capture.json).first)
        _ = try provider.receive(read.request, now: try #require(read.verifyAt))
    }
}
