import Events
import Foundation
import GRDB
import Platform
import Testing
import Wire

@testable import Journal

struct RestartTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aRestartContinuesTheLog() throws {
        let first = try folder.home()
        let commit = try first.append([Make.draft(Make.started()), Make.draft(Make.joined("PA_1"))], now: start)
        let before = try first.sortedRooms()
        try first.close()
        let second = try folder.home()
        #expect(try second.extent() == commit.extent)
        #expect(try second.sortedRooms() == before)
        // The clock stepped back meanwhile.
        let next = try second.append([Make.draft(Make.left("PA_1"))], now: start - 5_000)
        #expect(next.events.map(\.id) == [EventID(rawValue: commit.extent.head.rawValue + 1)])
        #expect(try second.rooms().map(\.participants) == [[]])
    }

    @Test func whatWasCommittedSurvivesAKill() throws {
        let home = try folder.home()
        _ = try home.append([Make.draft(Make.joined("PA_1"), key: "EV_1")], now: start)
        try home.checkpoint()
        let commit = try home.append([Make.draft(Make.joined("PA_2"), key: "EV_2")], now: start + 1)
        let copy = try folder.crashed()
        let again = try copy.home()
        #expect(try again.extent() == commit.extent)
        #expect(try again.all().map(\.text) == home.all().map(\.text))
        #expect(try again.sortedRooms() == home.sortedRooms())
        #expect(try again.size() == home.size())
        let drafts = [Make.draft(Make.joined("PA_1"), key: "EV_1"), Make.draft(Make.joined("PA_2"), key: "EV_2")]
        #expect(try again.append(drafts, now: start + 2).count(.duplicate) == 2)
    }

    @Test func aRealLeaveIsKnownAsLateAfterARestart() throws {
        let home = try folder.home()
        _ = try home.append([Make.draft(Make.joined("PA_1")), Make.draft(Make.finished(at: 5))], now: start)
        try home.close()
        let again = try folder.home()
        let commit = try again.append([Make.draft(Make.left("PA_1", at: 6))], now: start + 6)
        #expect(commit.events.map(\.event).summary == ["participant_left PA_1 late"])
    }

    @Test func aMeetingLongerThanRetentionIsStillThere() throws {
        let home = try folder.home(retention: Retention(ageMilliseconds: nil, events: 1))
        _ = try home.append([Make.draft(Make.started()), Make.draft(Make.joined("PA_1"))], now: start)
        _ = try home.append(Make.plain(3), now: start + 1)
        #expect(try home.trim() == 4)
        let copy = try folder.crashed()
        let again = try copy.home()
        #expect(try again.all().count == 1)
        #expect(try again.rooms().map { $0.participants.map(\.participant.id) } == [["PA_1"]])
        #expect(try again.sortedRooms() == home.sortedRooms())
    }

    @Test(arguments: 1..<12)
    func aKillAnywhereLosesNoRoom(_ seed: UInt64) throws {
        var meetings = RandomMeetings(seed: seed)
        var folder = folder
        let retention = Retention(ageMilliseconds: nil, events: 40)
        var home = try folder.home(retention: retention)
        var now = start
        for _ in 0..<60 {
            let drafts = (0..<meetings.int(1..<8)).flatMap { _ in meetings.next() }.map { Make.draft($0) }
            now += 10
            _ = try home.append(drafts, now: now)
            if meetings.chance(10) { try home.checkpoint() }
            if meetings.chance(20) { try home.trim() }
            guard meetings.chance(15) else { continue }
            let copy = try folder.crashed()
            let again = try copy.home(retention: retention)
            #expect(try again.sortedRooms() == home.sortedRooms())
            #expect(try again.extent() == home.extent())
            #expect(try again.size() == home.size())
            #expect(
                FoldInvariantTests.text(again.live.withLock { $0.fold.memory })
                    == FoldInvariantTests.text(home.live.withLock { $0.fold.memory }))
            (folder, home) = (copy, again)
        }
    }

    @Test func aSecondRelayOnTheSameFolderIsRefused() throws {
        let home = try folder.home()
        let error = #expect(throws: JournalError.self) { try folder.home() }
        #expect(error?.operation == "open")
        #expect(error?.text.contains("in use") == true)
        try home.close()
        _ = try folder.home()
    }

    @Test func aFileOfANewerVersionIsRefusedInWords() throws {
        let home = try folder.home()
        try home.pool.write { try $0.execute(sql: "PRAGMA user_version = 99") }
        try home.close()
        let error = #expect(throws: JournalError.self) { try folder.home() }
        #expect(error?.text == "the log was written by a newer roomwire: its schema is 99, this one reads 1")
    }

    @Test func aFileThatIsNoDatabaseIsRefused() throws {
        let path = folder.path + "/" + SQLiteHome.fileName
        try String(repeating: "no database ", count: 500).write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: JournalError.self) { try folder.home() }
        #expect(error?.operation == "open")
        #expect(error?.code == ResultCode.SQLITE_NOTADB.rawValue)
    }

    @Test func aFolderThatCannotBeMadeIsAnErrorThatSaysOpen() throws {
        let path = folder.path + "/file"
        try "".write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: JournalError.self) { try SQLiteHome(folder: path + "/data") }
        #expect(error?.operation == "open")
    }

    @Test func aClosedHomeRefusesToAppend() throws {
        let home = try folder.home()
        try home.close()
        #expect(throws: JournalError.self) { try home.append(Make.plain(1), now: start) }
    }

    @Test(arguments: Durability.allCases)
    func durabilityIsWhatItIsSetTo(_ durability: Durability) throws {
        let home = try folder.home(durability: durability)
        let synchronous = try home.pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(synchronous == (durability == .full ? 2 : 1))
        let mode = try home.pool.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        #expect(mode == "wal")
    }
}
