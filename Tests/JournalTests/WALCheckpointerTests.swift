import Events
import Foundation
import Testing
import Wire

@testable import Journal

/// What was committed gets into the database's file beside the writer.
struct WALCheckpointerTests {
    let folder: TemporaryFolder
    let home: SQLiteHome

    init() throws {
        folder = try TemporaryFolder()
        home = try folder.home()
    }

    private var walBytes: Int {
        let path = folder.path + "/" + SQLiteHome.fileName + "-wal"
        return (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }

    /// Appends events of some pages each until there is something to copy; returns how many.
    private func appendUntilItCopies() throws -> Int {
        for number in 0..<Limits.walCheckpointPages {
            let draft = Make.draft(
                Make.event(.transcriptReady, room: nil, session: nil), key: "key-\(number)",
                raw: String(repeating: "x", count: 10_000))
            _ = try home.append([draft], now: start + Int64(number))
            try home.settle()
            if !home.checkpointer.isIdle { return number + 1 }
        }
        Issue.record("nothing was copied")
        return 0
    }

    /// Goes on as the writer does between commits, until all is copied.
    private func settle() throws {
        for _ in 0..<30_000 where !home.checkpointer.isIdle {
            usleep(1000)
            try home.settle()
        }
        #expect(home.checkpointer.isIdle)
    }

    @Test func whatIsCopiedStandsInTheFileAloneAndTheWriteAheadLogBeginsAnew() throws {
        let count = try appendUntilItCopies()
        try settle()
        let copy = try TemporaryFolder()
        try FileManager.default.copyItem(
            atPath: folder.path + "/" + SQLiteHome.fileName, toPath: copy.path + "/" + SQLiteHome.fileName)
        #expect(try copy.home().all().count == count)

        let before = walBytes
        #expect(before > Limits.walCheckpointPages * 4096)
        _ = try home.append(Make.plain(20, from: count), now: start + 10_000)
        #expect(walBytes == before)
    }

    @Test func whatIsCommittedWhileItCopiesIsNotLost() throws {
        var count = try appendUntilItCopies()
        count += try home.append(Make.plain(300, from: count), now: start + 20_000).events.count
        try settle()
        #expect(try home.all().count == count)
        #expect(try folder.crashed().home().all().count == count)
    }

    @Test func aHomeThatNobodyClosesEndsItsThread() throws {
        weak var checkpointer: WALCheckpointer?
        do {
            let other = try TemporaryFolder().home()
            checkpointer = other.checkpointer
        }
        // The thread itself lets go a moment after it was told.
        for _ in 0..<30_000 where checkpointer != nil { usleep(1000) }
        #expect(checkpointer == nil)
    }
}
