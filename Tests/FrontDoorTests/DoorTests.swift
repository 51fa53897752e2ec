import EventLoop
import Glibc
import Platform
import Testing
import Wire

@testable import FrontDoor

struct DoorTests {
    static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    /// What stands before a request that must never be seen, by name.
    static let attacks: [(String, String)] = [
        ("unknown transfer coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"),
        ("identity coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"),
        (
            "coding with length",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"
        ),
        ("repeated length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"),
        ("different lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n"),
        ("signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n"),
        ("negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
        ("blank before the colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n"),
        ("folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"),
        ("folded first line", "GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n"),
        ("NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
        ("no host", "GET / HTTP/1.1\r\nX: a\r\n\r\n"),
        ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("lone carriage return", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"),
        ("name that is no token", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length\u{B}: 9\r\n\r\n"),
        ("line without a colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"),
        ("malformed target", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]

    @Test(arguments: attacks)
    func requestThatTwoReadersCouldReadDifferentlyIsRefusedAndTheConnectionClosed(name: String, head: String) throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send(head + Self.smuggled)
        let answer = try #require(client.receiveAll())
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(answer.split(separator: "HTTP/1.1 ").count == 1)
        let log = server.log.withLock { $0 }
        #expect(log.targets.isEmpty)
        #expect(log.refusals == [400])
    }

    @Test
    func attackBehindAGoodRequestIsRefusedAsWell() throws {
        let server = try TestServer()
        for (name, head) in Self.attacks {
            let client = try RawClient(server)
            client.send("GET /good HTTP/1.1\r\nHost: a\r\n\r\n" + head + Self.smuggled)
            let answer = try #require(client.receiveAll(), "\(name)")
            #expect(answer.contains("GET /good "), "\(name)")
            #expect(answer.contains("HTTP/1.1 400 "), "\(name)")
        }
        #expect(server.log.withLock { $0.targets } == Array(repeating: "/good", count: Self.attacks.count))
        #expect(server.log.withLock { $0.refusals } == Array(repeating: 400, count: Self.attacks.count))
    }

    @Test
    func unknownMethodIsRefused() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send("BREW / HTTP/1.1\r\nHost: a\r\n\r\n" + Self.smuggled)
        let answer = try #require(client.receiveAll())
        #expect(answer.hasPrefix("HTTP/1.1 501 "))
        #expect(server.log.withLock { $0.targets } == [])
        #expect(server.log.withLock { $0.refusals } == [501])
    }

    static let good: [(String, String)] = [
        ("GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a?b=c "),
        ("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "POST /a hello"),
        (
            "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
            "POST /a hello"
        ),
        ("DELETE /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "DELETE /a "),
    ]

    @Test(arguments: good)
    func requestIsUnderstoodHoweverItsBytesAreSplit(request: String, body: String) throws {
        let server = try TestServer()
        let client = try RawClient(server)
        let bytes = Array(request.utf8)
        for split in 1..<bytes.count {
            client.send(String(decoding: bytes[..<split], as: UTF8.self))
            // The server has the first part when it has answered a question from another connection.
            _ = server.connectionCount()
            client.send(String(decoding: bytes[split...], as: UTF8.self))
            let answer = try #require(client.receive(until: body), "split at \(split)")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), "split at \(split)")
        }
        #expect(server.log.withLock { $0.refusals } == [])
    }

    @Test
    func pipelinedRequestsAreAnsweredInOrder() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send((0..<20).map { "POST /\($0) HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" }.joined())
        for number in 0..<20 { #expect(client.receive(until: "POST /\(number) abc") != nil) }
        #expect(server.log.withLock { $0.refusals } == [])
    }

    @Test
    func routesOwnErrorIsNotCountedAsARefusal() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send("GET /drop HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.receive(until: "\r\n\r\n")?.hasPrefix("HTTP/1.1 500 ") == true)
        #expect(server.log.withLock { $0.refusals } == [])
    }

    @Test
    func bodyAndHeadersOverTheLimitsAreRefused() throws {
        let server = try TestServer()
        let body = try RawClient(server)
        body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10001\r\n\r\n")
        #expect(body.receiveAll()?.hasPrefix("HTTP/1.1 413 ") == true)
        let chunked = try RawClient(server)
        chunked.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFF\r\n")
        #expect(chunked.receiveAll()?.hasPrefix("HTTP/1.1 413 ") == true)
        let head = try RawClient(server)
        head.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 5000))
        #expect(head.receiveAll()?.hasPrefix("HTTP/1.1 4") == true)
        #expect(server.log.withLock { $0.targets } == [])
        #expect(server.log.withLock { $0.refusals.count } == 3)
    }

    @Test
    func bodyThatIsTooLargeIsReadToItsEndBeforeItIsAnswered() throws {
        let server = try TestServer(droppedBodyBytes: 50_000)
        let client = try RawClient(server)
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n")
        for _ in 0..<4 { client.send(String(repeating: "x", count: 10_000)) }
        #expect(eventually { server.log.withLock { $0.refusals } == [413] })
        #expect(client.hasReceivedNothing)
        client.send(String(repeating: "x", count: 10_000))
        #expect(client.receive(until: "\r\n\r\n")?.hasPrefix("HTTP/1.1 413 ") == true)
        #expect(server.log.withLock { $0.refusals } == [413])
    }

    @Test(arguments: ["Content-Length: 50001\r\n", "Content-Length: 50000\r\nExpect: 100-continue\r\n"])
    func bodyThatIsFarTooLargeOrAwaitsItsLeaveIsAnsweredAtItsHead(headers: String) throws {
        let server = try TestServer(droppedBodyBytes: 50_000)
        let client = try RawClient(server)
        client.send("POST / HTTP/1.1\r\nHost: a\r\n\(headers)\r\n")
        #expect(client.receiveAll()?.hasPrefix("HTTP/1.1 413 ") == true)
    }

    @Test
    func senderThatPausesOrStopsInABodyThatIsTooLargeIsAnsweredAllTheSame() throws {
        let server = try TestServer(droppedBodyBytes: 50_000)
        for ends in [false, true] {
            let client = try RawClient(server)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\nbegun")
            if ends { shutdown(client.descriptor, CInt(SHUT_WR)) }
            #expect(client.receive(until: "\r\n\r\n")?.hasPrefix("HTTP/1.1 413 ") == true)
        }
    }

    @Test
    func senderThatDripsABodyThatIsTooLargeIsAnsweredAfterTheLinger() throws {
        let server = try TestServer(droppedBodyBytes: 50_000)
        let client = try RawClient(server)
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n")
        var drips = 0
        while client.hasReceivedNothing, drips < 400 {
            client.send("x")
            usleep(50_000)
            drips += 1
        }
        #expect(client.receive(until: "\r\n\r\n")?.hasPrefix("HTTP/1.1 413 ") == true)
    }

    @Test(arguments: ["GET / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"])
    func drippingRequestIsAnswered408AfterTheDeadline(part: String) throws {
        let server = try TestServer(requestSeconds: 1)
        let client = try RawClient(server)
        let patient = try RawClient(server)
        client.send(part)
        let answer = try #require(client.receiveAll())
        #expect(answer.hasPrefix("HTTP/1.1 408 "))
        #expect(server.log.withLock { $0.refusals } == [408])
        // Who has begun nothing may wait.
        patient.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(patient.receive(until: "GET /late ") != nil)
    }

    @Test
    func heldRequestIsNotLate() throws {
        let server = try TestServer(requestSeconds: 1)
        let held = try RawClient(server)
        held.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        let dripping = try RawClient(server)
        dripping.send("GET /")
        #expect(dripping.receiveAll()?.hasPrefix("HTTP/1.1 408 ") == true)
        server.post(.release)
        #expect(held.receive(until: "released") != nil)
    }
}
