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
    let clocks = Monitor(Clocks())
    private let bounds = RoomBounds(staleAfterMilliseconds: 1_000_000, rooms: nil)

    init() throws { folder = try TemporaryFolder() }

    private func openLog(
        _ folder: TemporaryFolder? = nil, retention: Retention = Retention(ageMilliseconds: nil),
        rooms: RoomBounds? = nil
    ) throws -> SQLiteHome {
        try (folder ?? self.folder).home(
            retention: retention, rooms: rooms ?? bounds, clock: { [clocks] in clocks.withLock { $0.reading } })
    }

    /// Lets both clocks show so many milliseconds after the start; returns what the wall clock shows.
    private func at(_ milliseconds: Int64) -> WallTime {
        clocks.withLock { clocks in
            clocks.pass(start + milliseconds - clocks.reading.wall)
            return clocks.reading.wall
        }
    }

    @Test func aRoomEndsOnceAlsoAcrossKills() throws {
        let home = try openLog()
        _ = try home.append([Make.draft(Make.started()), Make.draft(Make.joined("PA_1", at: 5))], now: at(5))
        #expect(home.staleRooms(now: at(1_000_005)).isEmpty)
        let drafts = home.staleRooms(now: at(1_000_006))
        #expect(drafts.count == 1)
        // Killed before the commit: the next start finds the same.
        let before = try openLog(folder.crashed())
        #expect(before.staleRooms(now: at(1_060_005)).isEmpty)
        #expect(before.staleRooms(now: at(1_060_006)).count == 1)
        let commit = try home.append(drafts, now: at(1_060_006))
        #expect(
            commit.events.map(\.event).summary == ["participant_left PA_1 synthetic", "room_finished synthetic"])
        #expect(commit.rooms == [RoomKey(source: "livekit", name: "standup"): nil])
        // Killed after it: it is over. What was decided before and comes again counts as a duplicate.
        let after = try openLog(folder.crashed())
        #expect(after.staleRooms(now: at(9_000_000)).isEmpty)
        let again = try after.append(drafts, now: at(9_000_000))
        #expect(again.events.isEmpty && again.verdicts == [.duplicate])
        #expect(try after.all().map(\.text) == home.all().map(\.text))
        #expect(try after.size() == home.size())
    }

    @Test func theLastSignOfLifeSurvivesAKillACheckpointAndRetention() throws {
        let home = try openLog(retention: Retention(ageMilliseconds: nil, events: 1))
        _ = try home.append([Make.draft(Make.started())], now: at(0))
        try home.checkpoint()
        // Changes nothing in the room, and is a sign of life.
        _ = try home.append([Make.draft(Make.event(.transcriptReady, at: 800_000))], now: at(800_000))
        _ = at(1_400_000)
        let afterLog = try openLog(folder.crashed())
        #expect(afterLog.staleRooms(now: at(1_700_000)).isEmpty)
        #expect(afterLog.staleRooms(now: at(1_800_001)).count == 1)
        try home.checkpoint()
        _ = try home.append(Make.plain(2), now: at(801_000))
        try home.trim()
        #expect(try home.all().count == 1)
        _ = at(1_400_000)
        let afterCheckpoint = try openLog(folder.crashed())
        #expect(afterCheckpoint.staleRooms(now: at(1_700_000)).isEmpty)
        #expect(afterCheckpoint.staleRooms(now: at(1_800_001)).count == 1)
    }

    @Test func aRoomOfAnEarlierVersionCountsFromItsLastChange() throws {
        let home = try openLog()
        _ = try home.append([Make.draft(Make.started())], now: at(0))
        try home.checkpoint()
        let room = try #require(home.rooms().first)
        try home.pool.write { db in
            let json = JSONWriter.bytes { room.write(to: &$0) }
            try db.execute(sql: "UPDATE rooms SET json = ?", arguments: [Data(json)])
        }
        _ = at(500_000)
        let again = try openLog(folder.crashed())
        #expect(again.staleRooms(now: at(1_000_000)).isEmpty)
        #expect(again.staleRooms(now: at(1_000_001)).count == 1)
    }

    @Test func withoutABoundNoRoomEndsAndTheBoundCanChange() throws {
        let home = try openLog(rooms: RoomBounds(staleAfterMilliseconds: nil))
        _ = try home.append([Make.draft(Make.started())], now: at(0))
        #expect(home.staleRooms(now: at(1 << 40)).isEmpty)
        home.keep(bounds)
        #expect(home.staleRooms(now: at(1_000_001)).count == 1)
    }

    @Test func aFinishTheDiskHasNoSpaceForComesAgain() throws {
        let home = try openLog()
        _ = try home.append([Make.draft(Make.joined("PA_1"))], now: at(0))
        try home.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1") }
        let large = Make.draft(Make.event(.unknown), raw: String(repeating: "x", count: 900_000))
        let drafts = home.staleRooms(now: at(2_000_000))
        #expect(throws: JournalError.self) { try home.append(drafts + [large], now: at(2_000_000)) }
        #expect(home.staleRooms(now: at(2_000_000)).count == 1)
        try home.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        #expect(try home.append(drafts, now: at(2_000_000)).events.count == 2)
    }

    @Test func theWriterFinishesManyRoomsInBoundedBatchesBetweenWebhooks() throws {
        let home = try openLog()
        let count = 3 * Limits.staleRoomEvents
        for first in stride(from: 0, to: count, by: 500) {
            let drafts = (first..<first + 500).map { Make.draft(Make.started(room: WireText("r\($0)"))) }
            _ = try home.append(drafts, now: at(0))
        }
        let now = at(5_000_000)
        let seen = Monitor<Int64>(0)
        let batches = Monitor<[Int]>([])
        let writer = try JournalWriter(
            home: home, clock: { now },
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
        let again = try openLog()
        #expect(try again.rooms().isEmpty)
    }

    @Test func aStepOfTheWallClockFinishesNoRoomAndTimeThatPassesDoes() throws {
        let home = try openLog()
        _ = try home.append([Make.draft(Make.started())], now: at(0))
        let looked = Monitor(0)
        let finished = Monitor(0)
        let writer = try JournalWriter(
            home: home, clock: { [clocks] in clocks.withLock { $0.reading.wall } },
            steady: {
                looked.change { looked in
                    looked += 1
                    return SteadyTime(milliseconds: Int64(looked) * 600)
                }
            },
            onCommit: { commit in finished.change { $0 += commit.events.count { $0.event.type == .roomFinished } } })
        _ = looked.wait { $0 > 0 ? true : nil }
        clocks.withLock { $0.set(by: 90_000_000_000) }
        for number in 0..<20 {
            _ = writer.submit(Make.draft(Make.plain(1, from: number)[0].event)) { _ in }
            _ = looked.wait { $0 > number + 1 ? true : nil }
        }
        #expect(finished.withLock { $0 } == 0)
        clocks.withLock { $0.pass(1_000_001) }
        #expect(finished.wait(milliseconds: 30_000) { $0 == 1 ? true : nil } == true)
        writer.stop()
        #expect(writer.counters.events == 21)
    }

    @Test(arguments: [-40 * 86_400_000, 40 * 86_400_000] as [Int64])
    func aRoomHeardFromWhileTheClockWasWrongLivesAsLongAsAnyOther(_ step: Int64) throws {
        let home = try openLog()
        _ = try home.append([Make.draft(Make.started())], now: at(0))
        clocks.withLock { $0.set(by: step) }
        _ = try home.append([Make.draft(Make.joined("PA_1", at: step))], now: start + step)
        clocks.withLock { $0.set(by: -step) }
        #expect(home.staleRooms(now: at(1_000_000)).isEmpty)
        #expect(home.staleRooms(now: at(1_000_001)).count == 1)
    }

    @Test func aStartWithAClockThatIsAheadFinishesNoRoom() throws {
        let first = try openLog()
        _ = try first.append([Make.draft(Make.started())], now: at(0))
        clocks.withLock { $0.set(by: 40 * 86_400_000) }
        let again = try openLog(folder.crashed())
        func stale(after milliseconds: Int64) -> Int {
            clocks.withLock { $0.pass(milliseconds) }
            return again.staleRooms(now: clocks.withLock { $0.reading.wall }).count
        }
        #expect(stale(after: 1) == 0 && stale(after: Limits.steadyClockMilliseconds - 2) == 0)
        clocks.withLock { $0.set(by: -40 * 86_400_000) }
        #expect(stale(after: 1) == 0 && stale(after: Limits.steadyClockMilliseconds) == 0)
        #expect(stale(after: 1_000_000) == 1)
    }
}
