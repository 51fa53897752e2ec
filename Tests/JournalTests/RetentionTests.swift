import Events
import GRDB
import Platform
import Testing
import Wire

@testable import Journal

struct RetentionTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func home(events: Int? = nil, bytes: Int? = nil) throws -> SQLiteHome {
        try folder.home(retention: Retention(ageMilliseconds: nil, events: events, bytes: bytes))
    }

    /// Steps until nothing is left to remove; returns what each removed.
    private func trimAll(_ home: SQLiteHome) throws -> [Int] {
        var steps: [Int] = []
        while let removed = Optional(try home.trim()), removed > 0 { steps.append(removed) }
        return steps
    }

    @Test func theDefaultIsBoundedInEveryWay() {
        let retention = Retention()
        #expect(retention.ageMilliseconds == 86_400_000)
        #expect(retention.events == 1_000_000)
        #expect(retention.bytes == 1_073_741_824)
    }

    @Test func eventsOlderThanTheAgeGo() throws {
        let clocks = Monitor(Clocks())
        let home = try SQLiteHome(
            folder: folder.path, durability: .normal,
            retention: Retention(ageMilliseconds: 1_000, events: nil, bytes: nil),
            clock: { clocks.withLock { $0.reading } })
        let old = try home.append(Make.plain(3), now: start).events.map(\.id)
        clocks.withLock { $0.pass(500) }
        _ = try home.append(Make.plain(2, from: 3), now: start + 500)
        clocks.withLock { $0.pass(500) }
        #expect(try home.trim() == 0)
        clocks.withLock { $0.pass(1) }
        #expect(try home.trim() == 3)
        #expect(try home.all().count == 2)
        #expect(try home.extent().trimmedThrough == old.last)
    }

    @Test func eventsBeyondTheCountGoOldestFirst() throws {
        let home = try home(events: 4)
        let ids = try home.append(Make.plain(10), now: start).events.map(\.id)
        #expect(try home.trim() == 6)
        #expect(try home.all().map(\.id) == Array(ids[6...]))
        #expect(try home.trim() == 0)
    }

    @Test func eventsBeyondTheBytesGo() throws {
        let home = try home(bytes: 4_000)
        var event = Make.joined("PA_1")
        event.users = ["zoë"]
        // One a millisecond, so that all ids, and with them all events, are as long.
        for number in 0..<20 {
            _ = try home.append([Make.draft(event, raw: "[1,2,3]")], now: start + Int64(number))
        }
        let before = try home.size()
        #expect(before.bytes > 4_000)
        let removed = try home.trim()
        let after = try home.size()
        #expect(removed > 0 && after.events == 20 - removed)
        #expect(after.bytes <= 4_000)
        // Not one more than had to go.
        #expect(after.bytes + before.bytes / 20 > 4_000)
        #expect(after.bytes == before.bytes / 20 * after.events)
    }

    @Test func oneStepRemovesABoundedNumber() throws {
        let home = try home(events: 10)
        _ = try home.append(Make.plain(Limits.trimEvents * 2 + 20), now: start)
        #expect(try trimAll(home) == [Limits.trimEvents, Limits.trimEvents, 10])
    }

    @Test func countsAreExactAfterARestart() throws {
        let home = try home(events: 7)
        _ = try home.append(Make.plain(20), now: start)
        try home.trim()
        _ = try home.append(Make.plain(2, from: 20), now: start)
        let counted = try home.size()
        try home.close()
        let again = try self.home(events: 7)
        #expect(try again.size() == counted)
        #expect(counted.events == 9)
        let sum = try again.pool.read {
            try Int.fetchOne($0, sql: "SELECT sum(length(json) + ifnull(length(raw), 0)) FROM events")
        }
        #expect(sum.map { $0 + 9 * Limits.eventOverheadBytes } == counted.bytes)
    }

    @Test func aLogThatWasRemovedWholeKeepsItsHead() throws {
        let home = try home(events: 0)
        let head = try home.append(Make.plain(5), now: start).extent.head
        #expect(try trimAll(home) == [5])
        let again = try folder.crashed().home()
        #expect(try again.extent() == JournalExtent(trimmedThrough: head, head: head))
        let next = try again.append(Make.plain(1, from: 9), now: start)
        #expect(next.events.map(\.id) == [EventID(rawValue: head.rawValue + 1)])
    }

    @Test func aCursorAtTheLastRemovedEventIsKnownAndAnOlderOneIsNot() throws {
        let home = try home(events: 2)
        let ids = try home.append(Make.plain(5), now: start).events.map(\.id)
        try home.trim()
        let atEdge = try home.page(after: ids[2], events: 10, bytes: .max)
        #expect(atEdge.cursorIsKnown)
        #expect(atEdge.events.map(\.id) == [ids[3], ids[4]])
        let tooOld = try home.page(after: ids[1], events: 10, bytes: .max)
        #expect(!tooOld.cursorIsKnown)
        #expect(tooOld.events.map(\.id) == [ids[3], ids[4]])
        #expect(tooOld.extent.trimmedThrough == ids[2])
        #expect(try home.cursor(since: start) == ids[2])
        #expect(try home.cursor(beforeLast: 10) == ids[2])
    }

    @Test func dedupeEntriesGoWithTheirEventsAndNotBefore() throws {
        let home = try home(events: 3)
        _ = try home.append(Make.plain(6), now: start)
        try home.trim()
        let count = try home.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM dedupe") }
        #expect(count == 3)
        #expect(home.live.withLock { $0.seen.count } == 3)
        #expect(try home.append(Make.plain(6), now: start).count(.duplicate) == 3)
    }

    @Test func upkeepSavesTheRoomsWhenMuchCameAfterTheLastTime() throws {
        let home = try home()
        _ = try home.append([Make.draft(Make.joined("PA_1"))] + Make.plain(Limits.checkpointEvents), now: start)
        #expect(try !home.upkeep())
        let saved = try home.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM rooms") }
        #expect(saved == 1)
        #expect(home.live.withLock { $0.meta.checkpoint == $0.head })
    }
}
