import Events
import Foundation
import Platform
import Testing
import Wire

@testable import Journal

/// A probe shows that the log takes events, and leaves no trace.
struct ProbeTests {
    let folder: TemporaryFolder
    let home: SQLiteHome

    init() throws {
        folder = try TemporaryFolder()
        home = try folder.home()
    }

    @Test func aProbeChangesNothingThatAnybodyCanSee() throws {
        let before = try home.append(Make.plain(2), now: start)
        let size = try home.size()
        for _ in 0..<3 { try home.probe(Make.draft(Make.joined("PA_canary")), now: start + 5) }
        #expect(try home.extent().head == before.extent.head)
        #expect(try home.size() == size)
        #expect(try home.page(after: .zero, events: 10, bytes: 10_000).events.count == 2)
        #expect(try home.rooms().allSatisfy { $0.participants.isEmpty })
        // The next event has the id that it would have had.
        let after = try home.append(Make.plain(1, from: 2), now: start)
        #expect(after.events.map(\.id) == [Make.id(start, 2)])
    }

    @Test func aProbeReachesTheFile() throws {
        let before = try wal()
        try home.probe(Make.draft(Make.started()), now: start)
        #expect(try wal() > before)
    }

    private func wal() throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(
            atPath: folder.path + "/" + SQLiteHome.fileName + "-wal")
        return try #require(attributes[.size] as? Int)
    }

    @Test func aProbeIsNotHeldUpByAWriterThatNeverRests() throws {
        let writer = try JournalWriter(home: home, clock: { start }, onCommit: { _ in })
        let done = Monitor((probed: false, faults: 0))
        #expect(
            writer.probe(Make.draft(Make.started())) { error in
                done.change { $0 = (true, $0.faults + (error == nil ? 0 : 1)) }
            })
        _ = done.wait { $0.probed ? true : nil }
        #expect(done.withLock { $0.faults } == 0)
        #expect(writer.counters.commits == 0 && writer.counters.commitSeconds.count == 0)
        writer.stop()
        #expect(!writer.probe(Make.draft(Make.started())) { _ in })
    }

    @Test func theSizeIsThatOfTheLog() throws {
        #expect(try home.size() == JournalSize())
        _ = try home.append(Make.plain(3), now: start)
        let size = try home.size()
        #expect(size.events == 3 && size.bytes > 0 && size.oldest == start)
    }

    @Test func otherBoundsCountFromTheNextStepOn() throws {
        _ = try home.append(Make.plain(5), now: start)
        home.keep(Retention(events: 2))
        try home.trim()
        #expect(try home.size().events == 2)
    }
}
