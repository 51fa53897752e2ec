import Events
import GRDB
import Testing
import Wire

@testable import Journal

struct FullDiskTests {
    let folder: TemporaryFolder
    let home: SQLiteHome

    init() throws {
        folder = try TemporaryFolder()
        home = try folder.home(durability: .full)
    }

    /// Makes SQLite's own error for a full disk, without filling one.
    private func limitFile(toPages pages: Int) throws {
        try home.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
    }

    private var large: [Draft] {
        [Make.draft(Make.joined("PA_2"), key: "EV_2"), Make.draft(Make.finished(), key: "EV_3")]
            + (0..<200).map { number in
                Make.draft(Make.event(.unknown), key: "EV_big\(number)", raw: String(repeating: "x", count: 9_000))
            }
    }

    @Test func aFullDiskLeavesEverythingAsItWasAndIsOverWhenSpaceReturns() throws {
        let before = try home.append([Make.draft(Make.joined("PA_1"), key: "EV_1")], now: start)
        let rooms = try home.sortedRooms()
        // The limit cannot be less than what the file has already: from now on it may not grow.
        try limitFile(toPages: 1)
        for _ in 0..<3 {
            let error = #expect(throws: JournalError.self) { try home.append(large, now: start + 10) }
            #expect(error?.operation == "append")
            #expect(error?.code == ResultCode.SQLITE_FULL.rawValue)
            #expect(try home.extent() == before.extent)
            #expect(try home.sortedRooms() == rooms)
            #expect(try home.all().map(\.id) == before.events.map(\.id))
        }
        #expect(try folder.crashed().home().sortedRooms() == rooms)

        try limitFile(toPages: 1_000_000)
        let after = try home.append(large, now: start - 99)
        #expect(after.count(.duplicate) == 0)
        // The joined, two synthetic leaves, the finish, the rest.
        #expect(after.events.count == 204)
        let next = before.extent.head.rawValue + 1
        #expect(after.events.map(\.id.rawValue) == Array(next..<next + 204))
        #expect(try home.rooms().isEmpty)
        #expect(try folder.crashed().home().all().count == 205)
    }

    @Test func theErrorTellsNoValueOfAnEvent() throws {
        try limitFile(toPages: 1)
        let error = #expect(throws: JournalError.self) { try home.append(large, now: start) }
        let text = try #require(error).description
        #expect(!text.contains("EV_") && !text.contains("PA_") && !text.contains("xxx"))
        #expect(text.contains("disk is full"))
    }

    @Test func aFailedCheckpointLosesNothing() throws {
        _ = try home.append([Make.draft(Make.joined("PA_1"))], now: start)
        var event = Make.started(room: "big")
        event.data.room?.metadata = WireText(String(repeating: "m", count: 100_000))
        _ = try home.append([Make.draft(event)], now: start)
        let rooms = try home.sortedRooms()
        try limitFile(toPages: 1)
        #expect(throws: JournalError.self) { try home.checkpoint() }
        #expect(try folder.crashed().home().sortedRooms() == rooms)
        #expect(throws: JournalError.self) { try home.close() }
        // Nothing is kept open for want of a checkpoint.
        #expect(try folder.home().sortedRooms() == rooms)
    }
}
