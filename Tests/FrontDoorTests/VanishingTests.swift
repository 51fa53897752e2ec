import EventLoop
import Platform
import Testing

@testable import FrontDoor

struct VanishingTests {
    @Test
    func takenOverConnectionIsAStream() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.receive(until: "\r\n\r\nhello") != nil)
        for text in ["one", "two", "three"] {
            server.post(.write(text))
            #expect(client.receive(until: text) == text)
        }
        #expect(server.connectionCount() == 0)
        client.leave()
        #expect(eventually { server.log.withLock { $0.ends } == [.closedByClient] })
        #expect(eventually { server.socketCount() == 1 })
    }

    @Test
    func subscriberThatTalksTooMuchIsCutOff() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.receive(until: "hello") != nil)
        client.send(String(repeating: "x", count: 10_000))
        #expect(client.receiveAll() != nil)
        #expect(eventually { server.log.withLock { $0.ends } == [.strayInput] })
    }

    /// What has been sent when the client vanishes.
    static let stages = [
        "", "GET / HTT", "GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
        "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n", "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /hold HT",
    ]

    @Test(arguments: stages, [false, true])
    func nothingIsLeftBehindWhenTheClientVanishes(sent: String, withReset: Bool) throws {
        let server = try TestServer()
        for _ in 0..<20 {
            let client = try RawClient(server)
            client.send(sent)
            if sent.hasPrefix("GET /stream") { #expect(client.receive(until: "hello") != nil) }
            client.leave(withReset: withReset)
        }
        // A held request keeps its connection until it is answered.
        #expect(
            eventually {
                server.post(.release)
                return server.socketCount() == 1
            })
        let after = try RawClient(server)
        after.send("GET /after HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(after.receive(until: "GET /after ") != nil)
    }

    @Test
    func answerToAClientThatHasGoneIsDropped() throws {
        let server = try TestServer()
        let clients = try (0..<10).map { _ in try RawClient(server) }
        for client in clients { client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(eventually { server.log.withLock { $0.held } == 10 })
        for (index, client) in clients.enumerated() { client.leave(withReset: index.isMultiple(of: 2)) }
        _ = server.connectionCount()
        server.post(.release)
        #expect(eventually { server.socketCount() == 1 })
    }

    @Test
    func exchangeThatOutlivesItsDoorAnswersNobody() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(eventually { server.log.withLock { $0.held } == 1 })
        server.post(.closeDoor)
        server.post(.release)
        #expect(client.receiveAll() == "")
        #expect(eventually { server.socketCount() == 0 })
    }
}
