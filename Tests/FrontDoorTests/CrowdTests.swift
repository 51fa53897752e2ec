import EventLoop
import Platform
import Testing

@testable import FrontDoor

struct BodyBudgetTests {
    private func budget(_ limit: Int, doors: Int) -> (BodyBudget, [Int]) {
        let budget = BodyBudget(limitBytes: limit)
        return (budget, (0..<doors).map { _ in budget.join(wake: {}) })
    }

    @Test
    func theLargestRequestGoesFirstWhicheverDoorItIsAt() {
        let (budget, doors) = budget(1000, doors: 2)
        #expect(budget.report(doors[0], bytes: 900, largest: 700) == .fits)
        #expect(budget.report(doors[1], bytes: 90, largest: 90) == .fits)
        #expect(budget.report(doors[1], bytes: 101, largest: 101) == .othersShed)
        #expect(budget.report(doors[0], bytes: 900, largest: 700) == .shed)
        #expect(budget.report(doors[0], bytes: 200, largest: 200) == .fits)
    }

    @Test
    func whatADoorHadIsNothingWhenItLeaves() {
        let (budget, doors) = budget(1000, doors: 2)
        #expect(budget.report(doors[0], bytes: 900, largest: 700) == .fits)
        budget.leave(doors[0])
        #expect(budget.report(doors[1], bytes: 1000, largest: 1000) == .fits)
    }

    @Test
    func aBurstIsOverOnce() {
        let (budget, doors) = budget(.max, doors: 1)
        _ = budget.report(doors[0], bytes: BodyBudget.burstBytes, largest: 1)
        #expect(!budget.isAfterBurst())
        _ = budget.report(doors[0], bytes: 0, largest: 0)
        #expect(budget.isAfterBurst())
        #expect(!budget.isAfterBurst())
    }
}

struct CrowdTests {
    private let head = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"

    @Test
    func overTheBoundOfAllRequestsTheLargestIsRefused() throws {
        // A door tells of its bytes in steps of 64 KiB.
        let server = try TestServer(requestBytes: 60_000)
        let clients = try (0..<8).map { _ in try RawClient(server) }
        for (index, client) in clients.enumerated() {
            client.send(head + String(repeating: "x", count: index == 3 ? 8990 : 8300))
            _ = server.connectionCount()
        }
        #expect(clients[3].receive(until: "\r\n\r\n")?.hasPrefix("HTTP/1.1 503 ") == true)
        clients[0].send(String(repeating: "x", count: 700))
        #expect(clients[0].receive(until: "\r\n\r\n")?.hasPrefix("HTTP/1.1 200 ") == true)
        #expect(server.log.withLock { $0.refusals } == [503])
    }

    @Test
    func ofAnAddressWithTooManyConnectionsTheLongestIdleIsClosed() throws {
        let server = try TestServer(addressConnections: 2)
        let first = try RawClient(server)
        first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(first.receive(until: "GET /1 ") != nil)
        let busy = try RawClient(server)
        busy.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(eventually { server.log.withLock { $0.held } == 1 })
        let third = try RawClient(server)
        #expect(first.receiveAll() == "")
        third.send("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(third.receive(until: "GET /3 ") != nil)
        third.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(eventually { server.log.withLock { $0.held } == 2 })
        // Nobody is idle, so who comes last is told.
        let last = try RawClient(server)
        #expect(last.receiveAll()?.hasPrefix("HTTP/1.1 429 ") == true)
        server.post(.release)
        #expect(busy.receive(until: "released") != nil)
        #expect(third.receive(until: "released") != nil)
    }

    @Test
    func aStreamIsNoneOfTheOrdinaryConnections() throws {
        let server = try TestServer(addressConnections: 1)
        let streams = try (0..<5).map { _ in
            let client = try RawClient(server)
            client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.receive(until: "hello") != nil)
            return client
        }
        server.post(.write("still"))
        for stream in streams { #expect(stream.receive(until: "still") != nil) }
    }

    @Test
    func who429IsAnsweredIsNotWaitedFor() throws {
        let server = try TestServer()
        let client = try RawClient(server)
        client.send("GET /slow-down HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try #require(client.receiveAll())
        #expect(answer.hasPrefix("HTTP/1.1 429 ") && answer.contains("Connection: close\r\n"))
    }
}
