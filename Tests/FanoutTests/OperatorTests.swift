import Events
import Glibc
import Testing
import Wire

@testable import Fanout

/// What an operator sees of streams, and does with them.
struct OperatorTests {
    @Test(arguments: [
        (StreamEnd.closed, FormatTests.sse, "data: {\"type\":\"closed\"}\n\n"),
        (.revoked, FormatTests.named, "event: revoked\ndata: {\"type\":\"revoked\"}\n\n"),
        (.closed, FormatTests.ndjson, "{\"type\":\"closed\"}\n"),
    ])
    func streamThatIsClosedIsToldWhy(reason: StreamEnd, format: StreamFormat, text: String) {
        let stage = Stage()
        let (subscriber, outlet) = stage.open(format: format)
        outlet.clear()
        stage.hub.close(subscriber, reason)
        #expect(outlet.text == text)
        #expect(outlet.isClosed)
        #expect(stage.ends == [reason])
        stage.hub.close(subscriber, reason)
        #expect(stage.ends == [reason])
    }

    @Test
    func replacedStreamIsToldWhenToComeBack() {
        let stage = Stage()
        let (subscriber, outlet) = stage.open()
        outlet.clear()
        stage.hub.close(subscriber, .replaced, retryMilliseconds: 60_000)
        #expect(outlet.text == "retry: 60000\ndata: {\"type\":\"replaced\",\"retryMs\":60000}\n\n")
    }

    @Test
    func streamThatIsBehindIsClosedAtOnce() {
        let stage = Stage(before: 50)
        let (subscriber, outlet) = stage.open(.oldest)
        stage.hub.close(subscriber, .closed)
        stage.settle()
        #expect(outlet.text.hasSuffix("data: {\"type\":\"closed\"}\n\n"))
        #expect(stage.ends == [.closed])
    }

    @Test
    func reportTellsWhatWasWritten() {
        let stage = Stage()
        let (subscriber, outlet) = stage.open(rooms: ["call_1"])
        stage.commit(3)
        stage.commit(room: "call_2")
        let report = stage.hub.report(subscriber)
        #expect(report.id == subscriber.id && report.user == "ada")
        #expect(report.standing == .live && report.lagMilliseconds == 0)
        #expect(report.sentEvents == 3 && report.sentBytes == outlet.text.utf8.count)
        #expect(report.openedAt == stage.wall - stage.wall.milliseconds % 1000)
        #expect(report.filter.requested.rooms == PatternSet(["call_1"]))
    }

    @Test
    func reportOfAStalledStreamTellsItsLag() {
        let stage = Stage()
        let (subscriber, outlet) = stage.open()
        stage.commit()
        outlet.room = 0
        stage.commit(5)
        var report = stage.hub.report(subscriber)
        #expect(report.standing == .waiting)
        #expect(report.lagMilliseconds > 0)
        outlet.room = nil
        stage.hub.outletHasRoom(subscriber)
        stage.settle()
        report = stage.hub.report(subscriber)
        #expect(report.standing == .live && report.lagMilliseconds == 0 && report.sentEvents == 6)
    }

    @Test
    func streamTakesNoMoreMemoryThanItShould() throws {
        // Glibc's module leaves out what malloc.h declares.
        let symbol = try #require(dlsym(nil, "malloc_usable_size"))
        typealias Size = @convention(c) (UnsafeMutableRawPointer?) -> Int
        let stage = Stage()
        let subscriber = stage.open().subscriber
        let bytes = unsafeBitCast(symbol, to: Size.self)(Unmanaged.passUnretained(subscriber).toOpaque())
        withExtendedLifetime(subscriber) {}
        // There are thousands of these. Another member may cost 16 bytes, and should be worth it.
        #expect(bytes <= 200)
    }

    @Test
    func streamsAreListedInTheOrderOfTheirNumbers() {
        let stage = Stage()
        let opened = (0..<30).map { stage.open(user: $0 % 3 == 0 ? "bob" : "ada").subscriber }
        func ids(_ user: WireText?, after: UInt64, most: Int) -> [UInt64] {
            stage.hub.streams(of: user, after: after, most: most).map(\.id)
        }
        #expect(ids(nil, after: 0, most: 10) == opened.prefix(10).map(\.id))
        #expect(ids(nil, after: opened[9].id, most: 100) == opened.dropFirst(10).map(\.id))
        #expect(ids("bob", after: opened[3].id, most: 2) == [opened[6].id, opened[9].id])
        #expect(ids("eve", after: 0, most: 2).isEmpty)
        stage.hub.end(opened[0], .clientClosed)
        #expect(ids(nil, after: 0, most: 1) == [opened[1].id])
    }
}
