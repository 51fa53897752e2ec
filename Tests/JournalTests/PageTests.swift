import Events
import TestSupport
import Testing
import Wire

@testable import Journal

struct PageTests {
    let folder: TemporaryFolder
    let home: SQLiteHome

    init() throws {
        folder = try TemporaryFolder()
        home = try folder.home()
    }

    @Test func pagesGoOnWhereTheLastOneEnded() throws {
        let ids = try home.append(Make.plain(25), now: start).events.map(\.id)
        var read: [EventID] = []
        var cursor = EventID.zero
        while true {
            let page = try home.page(after: cursor, events: 10, bytes: .max)
            read += page.events.map(\.id)
            #expect(page.hasMore == (read.count < 25))
            #expect(page.cursorIsKnown)
            guard let last = page.events.last, page.hasMore else { break }
            cursor = last.id
        }
        #expect(read == ids)
    }

    @Test func aPageEndsAboutWhereItsBytesDoButHoldsOneEventAtLeast() throws {
        let size = try #require(try home.append(Make.plain(10), now: start).events.first?.bytes)
        #expect(try home.page(after: .zero, events: 10, bytes: 0).events.count == 1)
        #expect(try home.page(after: .zero, events: 10, bytes: size * 3).events.count == 3)
        #expect(try home.page(after: .zero, events: 10, bytes: size * 3).hasMore)
    }

    @Test func onlyIdsOfThisLogAreKnown() throws {
        let ids = try home.append(Make.plain(2), now: start).events.map(\.id)
        func isKnown(_ id: EventID) throws -> Bool { try home.page(after: id, events: 1, bytes: .max).cursorIsKnown }
        #expect(try isKnown(.zero))
        #expect(try isKnown(ids[0]))
        #expect(try isKnown(ids[1]))
        #expect(try !isKnown(EventID(rawValue: ids[0].rawValue - 2)))
        #expect(try isKnown(ids[0].place))
        #expect(try !isKnown(EventID(milliseconds: start - 1_000, sequence: 0).place))
        #expect(try !isKnown(EventID(rawValue: ids[1].rawValue + 1)))
    }

    @Test func theCursorSinceATimeStandsBeforeItsFirstEvent() throws {
        var ids: [EventID] = []
        for step in 0..<4 {
            ids += try home.append(Make.plain(1, from: step), now: start + Int64(step) * 10).events.map(\.id)
        }
        #expect(try home.cursor(since: start) == .zero)
        #expect(try home.cursor(since: start + 10) == ids[0])
        #expect(try home.cursor(since: start + 11) == ids[1])
        #expect(try home.cursor(since: start + 99) == ids[3])
        #expect(try home.cursor(since: -5) == .zero)
        #expect(try home.cursor(since: .distantFuture) == ids[3])
    }

    @Test func theCursorBeforeTheLastEventsIsFollowedByJustThose() throws {
        let ids = try home.append(Make.plain(5), now: start).events.map(\.id)
        #expect(try home.cursor(beforeLast: 0) == ids[4])
        #expect(try home.cursor(beforeLast: 2) == ids[2])
        #expect(try home.cursor(beforeLast: 5) == .zero)
        #expect(try home.cursor(beforeLast: 50) == .zero)
    }
}
