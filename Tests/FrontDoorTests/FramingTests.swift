import Platform
import Testing

@testable import FrontDoor

/// Where a request ends, on a real socket: whatever cannot be read in one way only ends the connection.
struct FramingTests {
    static let methods = ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH", "TRACE", "CONNECT", "BREW"]
    static let served: Set = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]
    static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    private func answers(_ text: String) -> Int { text.split(separator: "HTTP/1.1 ").count }

    @Test(arguments: methods, [false, true])
    func theBodyOfAnyMethodIsNeverTheNextRequest(method: String, isChunked: Bool) throws {
        let server = try TestServer()
        let client = try RawClient(server)
        let body = Self.smuggled
        let target = method == "CONNECT" ? "a:1" : "/first"
        let size = String(body.utf8.count, radix: 16)
        client.send(
            isChunked
                ? "\(method) \(target) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "\(size)\r\n\(body)\r\n0\r\n\r\n"
                : "\(method) \(target) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        client.send("GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let answer = try #require(client.receiveAll())
        let isServed = Self.served.contains(method)
        #expect(answers(answer) == (isServed ? 2 : 1), "\(answer)")
        #expect(server.log.withLock { $0.targets } == (isServed ? ["/first", "/next"] : []))
        #expect(server.log.withLock { $0.refusals } == (isServed ? [] : [method == "HEAD" ? 400 : 501]))
    }

    @Test(arguments: ["Content-Length: 0\r\n", ""])
    func headWithoutABodyIsServed(line: String) throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\(line)\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.receive(until: "GET /b ") != nil)
    }

    static let heads = [
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / HTTP/+1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\t HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\t5\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0000000000000000000000000000000000001\r\n\r\n",
    ]

    @Test(arguments: heads)
    func headThatEvhttpWouldTakeIsRefused(head: String) throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send(head + Self.smuggled)
        let answer = try #require(client.receiveAll())
        #expect(answer.hasPrefix("HTTP/1.1 400 ") && answers(answer) == 1, "\(answer)")
        #expect(server.log.withLock { $0.targets } == [])
    }

    @Test
    func unknownExpectationIsRefusedAndItsRequestNotServed() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: 5\r\n\r\nhello" + Self.smuggled)
        let answer = try #require(client.receiveAll())
        #expect(answer.hasPrefix("HTTP/1.1 417 ") && answers(answer) == 1, "\(answer)")
        #expect(server.log.withLock { $0.targets } == [])
        let patient = try RawClient(server)
        patient.send("POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n")
        #expect(patient.receive(until: "HTTP/1.1 100 Continue\r\n\r\n") != nil)
        patient.send("hello")
        #expect(patient.receive(until: "POST /p hello") != nil)
    }

    static let chunked = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test(arguments: [
        "0x0\r\n\r\n", "+0\r\n\r\n", "0\n\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5 \r\nhello\r\n",
    ])
    func looseChunksAreRefused(body: String) throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send(Self.chunked + body + Self.smuggled)
        let answer = try #require(client.receiveAll())
        #expect(answer.hasPrefix("HTTP/1.1 400 ") && answers(answer) == 1, "\(answer)")
        #expect(server.log.withLock { $0.targets } == [])
    }

    @Test
    func aSizeLineWithoutAnEndIsCutOffAfterSomeBytes() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send(Self.chunked + "5;" + String(repeating: "x", count: 300))
        #expect(client.receiveAll()?.hasPrefix("HTTP/1.1 400 ") == true)
    }

    @Test
    func extensionsAndTrailersAreReadAndCountForNothing() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        let body = "3;a=b\r\nhel\r\n2\t; c=\"d\"\r\nlo\r\n0;e\r\nX-Forwarded-For: 1.2.3.4\r\nX-Mark: late\r\n\r\n"
        let bytes = Array((Self.chunked + body).utf8)
        for split in 1..<bytes.count {
            client.send(String(decoding: bytes[..<split], as: UTF8.self))
            _ = server.connectionCount()
            client.send(String(decoding: bytes[split...], as: UTF8.self))
            #expect(client.receive(until: "POST /a hello") != nil, "split at \(split)")
        }
        #expect(server.log.withLock { $0.headers }.contains { $0.lowercased().hasPrefix("x-") } == false)
    }

    @Test(arguments: ["TE, close", "close, TE", "Close", "keep-alive, close", "keep-alive\r\nConnection: TE ,\tclose "])
    func aConnectionIsClosedHoweverItIsAskedFor(value: String) throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: \(value)\r\n\r\n" + Self.smuggled)
        let answer = try #require(client.receiveAll())
        #expect(answer.hasSuffix("GET /a ") && answer.contains("Connection: close\r\n"))
        #expect(server.log.withLock { $0.targets } == ["/a"])
    }

    @Test
    func nothingIsReadBehindTheLastAnswer() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nnonsense\0\r\n\r\n")
        let answer = try #require(client.receiveAll())
        #expect(answers(answer) == 1)
        #expect(server.log.withLock { $0.refusals } == [])
    }

    @Test
    func http10NeedsNoHostAndHTTP11Does() throws {
        let server = try TestServer()
        let old = try RawClient(server)
        old.send("OPTIONS /old HTTP/1.0\r\n\r\n")
        #expect(old.receiveAll()?.hasSuffix("OPTIONS /old ") == true)
        let kept = try RawClient(server)
        for path in ["/one", "/two"] {
            kept.send("GET \(path) HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(kept.receive(until: "GET \(path) ") != nil)
        }
        let new = try RawClient(server)
        new.send("GET / HTTP/1.1\r\n\r\n")
        #expect(new.receiveAll()?.hasPrefix("HTTP/1.1 400 ") == true)
    }

    @Test
    func refusedClientReadsItsAnswerThoughItGoesOnSending() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        for _ in 0..<20 { client.send(String(repeating: "x", count: 10_000)) }
        let answer = try #require(client.receiveAll())
        #expect(answer.hasPrefix("HTTP/1.1 413 ") && answer.hasSuffix("}\n"))
    }
}
