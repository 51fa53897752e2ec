import EventLoop
import Glibc
import Platform
import Testing
import Wire

@testable import FrontDoor

/// Answers that go to the socket past evhttp. To the client there is no difference.
struct DirectAnswerTests {
    @Test(arguments: ["", "hello"])
    func bytesAreThoseThatEvhttpSends(body: String) throws {
        let server = try TestServer()
        let client = try RawClient(server)
        func answer(_ header: String) throws -> [Substring] {
            client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\(header)\r\n\(body)")
            return try #require(client.receive(until: "POST /a \(body)")).split(separator: "\r\n")
        }
        let direct = try answer("")
        // A word on the connection is evhttp's to understand.
        let printed = try answer("Connection: something\r\n")
        // The second may change in between.
        let isDate = { (line: Substring) in line.hasPrefix("Date: ") }
        #expect(direct.map { isDate($0) ? $0.prefix(6) : $0 } == printed.map { isDate($0) ? $0.prefix(6) : $0 })
        #expect(direct.filter(isDate).allSatisfy { Self.lastDates().contains(String($0)) })
        #expect(direct.filter(isDate).count == 1)
    }

    /// The header as it may have been in the last minute.
    private static func lastDates() -> Set<String> {
        let now = time(nil)
        return Set(
            (now - 60...now).map { second in
                var second = second
                var parts = tm()
                gmtime_r(&second, &parts)
                var text = [CChar](repeating: 0, count: 50)
                let count = strftime(&text, text.count, "Date: %a, %d %b %Y %H:%M:%S GMT", &parts)
                return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            })
    }

    @Test
    func onlyAnOrdinaryAnswerIsWrittenPastEvhttp() {
        let direct = DirectAnswer()
        #expect(direct.bytes(of: HTTPResponse(status: 200)) != nil)
        var closing = HTTPResponse(status: 200)
        closing.closesConnection = true
        var dated = HTTPResponse(status: 200)
        dated.headers.append(("Date", "never"))
        var untyped = HTTPResponse(status: 200)
        untyped.headers = []
        let split = HTTPResponse(status: 200, contentType: "text/plain\r\nX: y")
        for response in [closing, dated, untyped, split, HTTPResponse(status: 204), HTTPResponse(status: 304)] {
            #expect(direct.bytes(of: response) == nil)
        }
    }

    /// Requests after whose answer the connection ends.
    static let last = [
        "GET /a HTTP/1.0\r\nHost: a\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n",
        "GET http://b/a HTTP/1.1\r\nHost: a\r\n\r\n",
    ]

    @Test(arguments: last)
    func connectionEndsWhereTheRequestHasItEnd(request: String) throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send(request)
        #expect(client.receiveAll()?.hasPrefix("HTTP/1.") == true)
    }

    /// Requests after whose answer the connection goes on, each with what its answer holds and ends with.
    static let more = [
        ("GET /a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive", "GET /a "),
        ("GET /a HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", "Content-Length: 7", "GET /a "),
        ("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n", "Content-Length: 8", "\r\n\r\n"),
        (
            "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            "Content-Length: 9", "POST /a a"
        ),
    ]

    @Test(arguments: more)
    func nothingStandsBetweenAnAnswerAndTheNext(request: String, part: String, end: String) throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send(request)
        #expect(client.receive(until: end)?.contains(part) == true)
        client.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.receive(until: "GET /b ")?.hasPrefix("HTTP/1.1 200 OK\r\n") == true)
    }

    @Test
    func whatTheSocketDoesNotTakeComesLaterAndNothingIsLost() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        let body = String(repeating: "x", count: 4000)
        // More than the kernel keeps for a client that does not read: the server stops in the middle of an answer.
        let requests = 4000
        let descriptor = client.descriptor
        try NamedThread.start(name: "test sender") {
            for number in 1...requests {
                let head = "POST /\(number) HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n"
                let bytes = Array("\(head)\(number == requests ? "Connection: close\r\n" : "")\r\n\(body)".utf8)
                guard send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else { return }
            }
        }
        // Nothing is read until nothing goes on any more.
        var seen = -1
        while case let count = server.log.withLock({ $0.targets.count }), count == 0 || count > seen {
            seen = count
            usleep(300_000)
        }
        #expect(seen < requests)
        let lines = try #require(client.receiveAll()).utf8.split(separator: UInt8(ascii: "\n"))
        let bodies = lines.filter { $0.starts(with: "POST".utf8) }
        #expect(bodies.count == requests)
        for (index, found) in bodies.enumerated() {
            // No line ends between a body and the next answer.
            let next = index + 1 == requests ? "" : "HTTP/1.1 200 OK\r"
            #expect(found.elementsEqual("POST /\(index + 1) \(body)\(next)".utf8), "\(index)")
        }
        #expect(server.log.withLock { $0.refusals } == [])
    }

    @Test
    func heldRequestsAreAnsweredDirectlyAndTheirConnectionsGoOn() throws {
        let server = try TestServer()
        let clients = try (0..<10).map { _ in try RawClient(server) }
        for round in 1...3 {
            for client in clients { client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n") }
            #expect(eventually { server.log.withLock { $0.held } == round * clients.count })
            server.post(.release)
            for client in clients { #expect(client.receive(until: "released") != nil) }
        }
        #expect(server.connectionCount() == clients.count)
    }
}
