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
}
