import Events
import Foundation
import GRDB
import Platform
import Testing
import Wire

@testable import Journal

/// Rooms that nothing is heard from, in a real log.
struct StaleRoomLogTests {
    let folder: TemporaryFolder
    private let bounds = RoomBounds(staleAfterMilliseconds: 1_000, rooms: nil)

    init() throws { folder = try TemporaryFolder() }

    @Test func aRoomEndsOnceAlsoAcrossKills() throws {
        let home = try folder.home(rooms: bounds)
        _ = try home.append([Make.draft(Make.started()), Make.draft(Make.joined("PA_1", at: 5))], now: start)
        #expect(home.staleRooms(now: start + 1_005).isEmpty)
        let drafts = home.staleRooms(now: start + 1_006)
        #expect(drafts.count == 1)
        // Killed before the commit: the next start finds the same.
        let before = try folder.crashed().home(rooms: bounds)
        #expect(before.staleRooms(now: start + 1_006).count == 1)
        let commit = try home.append(drafts, now: start + 1_006)
        #expect(
            commit.events.map(\.event).summary == ["participant_left PA_1 synthetic", "room_finished synthetic"])
        #expect(commit.rooms == [RoomKey(source: "livekit", name: "standup"): nil])
        // Killed after it: it is over. What was decided before and comes again counts as a duplicate.
        let after = try folder.crashed().home(rooms: bounds)
        #expect(after.staleRooms(now: start + 9_000).isEmpty)
        let again = try after.append(drafts, now: start + 9_000)
        #expect(again.events.isEmpty && again.duplicateIndexes == [0])
        #expect(try after.all().map(\.text) == home.all().map(\.text))
        #expect(try after.size() == home.size())
    }

    @Test func theLastSignOfLifeSurvivesAKillACheckpointAndRetention() throws {
        let home = try folder.home(retention: Retention(ageMilliseconds: nil, events: 1), rooms: bounds)
        _ = try home.append([Make.draft(Make.started())], now: start)
        try home.checkpoint()
        // Changes nothing in the room, and is a sign of life.
        _ = try home.append([Make.draft(Make.event(.transcriptReady, at: 800))], now: start + 800)
        let afterLog = try folder.crashed().home(rooms: bounds)
        #expect(afterLog.staleRooms(now: start + 1_700).isEmpty)
        #expect(afterLog.staleRooms(now: start + 1_801).count == 1)
        try home.checkpoint()
        _ = try home.append(Make.plain(2), now: start + 801)
        try home.trim()
        #expect(try home.all().count == 1)
        let afterCheckpoint = try folder.crashed().home(rooms: bounds)
        #expect(afterCheckpoint.staleRooms(now: start + 1_700).isEmpty)
        #expect(afterCheckpoint.staleRooms(now: start + 1_801).count == 1)
    }

    @Test func aRoomOfAnEarlierVersionCountsFromItsLastChange() throws {
        let home = try folder.home(rooms: bounds)
        _ = try home.append([Make.draft(Make.started())], now: start)
        try home.checkpoint()
        let room = try #require(home.rooms().first)
        try home.pool.write { db in
            let json = JSONWriter.bytes { room.write(to: &$0) }
            try db.execute(sql: "UPDATE rooms SET json = ?", arguments: [Data(json)])
        }
        let again = try folder.crashed().home(rooms: bounds)
        #expect(again.staleRooms(now: start + 1_000).isEmpty)
        #expect(again.staleRooms(now: start + 1_001).count == 1)
    }

    @Test func withoutABoundNoRoomEndsAndTheBoundCanChange() throws {
        let home = try folder.home(rooms: RoomBounds(staleAfterMilliseconds: nil))
        _ = try home.append([Make.draft(Make.started())], now: start)
        #expect(home.staleRooms(now: start + 1 << 40).isEmpty)
        home.keep(bounds)
        #expect(home.staleRooms(now: start + 1_001).count == 1)
    }

    @Test func aFinishTheDiskHasNoSpaceForComesAgain() throws {
        let home = try folder.home(rooms: bounds)
        _ = try home.append([Make.draft(Make.joined("PA_1"))], now: start)
        try home.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1") }
        let large = Make.draft(Make.event(.unknown), raw: String(repeating: "x", count: 900_000))
        let drafts = home.staleRooms(now: start + 2_000)
        #expect(throws: JournalError.self) { try home.append(drafts + [large], now: start + 2_000) }
        #expect(home.staleRooms(now: start + 2_000).count == 1)
        try home.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        #expect(try home.append(drafts, now: start + 2_000).events.count == 2)
    }

    @Test func theWriterFinishesManyRoomsInBoundedBatchesBetweenWebhooks() throws {
        let home = try folder.home(rooms: bounds)
        let count = 3 * Limits.staleRoomEvents
        for first in stride(from: 0, to: count, by: 500) {
            let drafts = (first..<first + 500).map { Make.draft(Make.started(room: WireText("r\($0)"))) }
            _ = try home.append(drafts, now: start)
        }
        // The relay starts long after.
        let seen = Monitor<Int64>(0)
        let batches = Monitor<[Int]>([])
        let writer = try JournalWriter(
            home: home, clock: { start + 500_000 },
            steady: {
                seen.change { seen in
                    seen += 600
                    return SteadyTime(milliseconds: seen)
                }
            },
            onCommit: { commit in
                #expect(commit.events.allSatisfy { $0.event.isSynthetic })
                batches.change { $0.append(commit.events.count) }
            })
        let told = batches.wait(milliseconds: 30_000) { $0.reduce(0, +) == count ? $0 : nil }
        writer.stop()
        #expect(told?.allSatisfy { $0 <= Limits.staleRoomEvents } == true)
        #expect(writer.counters.events == count)
        let again = try folder.home(rooms: bounds)
        #expect(try again.rooms().isEmpty)
    }

    @Test func aStepOfTheWallClockFinishesNoRoom() throws {
        let home = try folder.home(rooms: bounds)
        _ = try home.append([Make.draft(Make.started())], now: start)
        let looked = Monitor(0)
        let wall = Monitor<WallTime>(start)
        let steady = Monitor<Int64>(0)
        let writer = try JournalWriter(
            home: home, clock: { wall.withLock { $0 } },
            steady: {
                looked.change { $0 += 1 }
                return steady.change { steady in
                    steady += 300
                    return SteadyTime(milliseconds: min(steady, 1_300))
                }
            }, onCommit: { _ in })
        _ = looked.wait { $0 > 0 ? true : nil }
        wall.withLock { $0 = start + 90_000_000 }
        for number in 0..<20 {
            _ = writer.submit(Make.draft(Make.plain(1, from: number)[0].event)) { _ in }
            _ = looked.wait { $0 > number + 1 ? true : nil }
        }
        writer.stop()
        #expect(writer.counters.events == 20)
    }
}
