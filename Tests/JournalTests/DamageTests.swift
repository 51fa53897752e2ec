import Events
import Foundation
import GRDB
import Platform
import TestSupport
import Testing
import Wire

@testable import Journal

struct DamageReportTests {
    private let hour = Limits.damageNoticeMilliseconds
    private func fault(_ text: String, code: Int32 = 11) -> JournalError {
        JournalError(operation: "page", code: code, text: text)
    }

    @Test func aPlaceIsToldOnceWithWhatToDoAndThenOnceAnHourWithACount() {
        var report = DamageReport(path: "data/log.sqlite")
        let place = fault("malformed, after event 1-0")
        let lines = (0...3_601).compactMap { second in
            report.record(place, now: SteadyTime(milliseconds: Int64(second) * 1000))
        }
        #expect(lines.count == 2)
        #expect(
            lines.first?.contains("data/log.sqlite is damaged") == true && lines.first?.contains(".recover") == true)
        #expect(lines.last?.contains("still damaged: found \(hour / 1000) times") == true)
        #expect(report.count == 1 && report.faults == 3_602)
    }

    @Test func everyPlaceIsToldForItselfUpToABound() {
        var report = DamageReport(path: "log.sqlite")
        let told = (0..<1_000).count {
            report.record(fault("malformed, after event \($0)-0"), now: SteadyTime(milliseconds: 0)) != nil
        }
        #expect(told == Limits.damagedPlaces && report.count == Limits.damagedPlaces)
    }

    @Test func nothingIsSaidOfALogThatIsWhole() {
        #expect(DamageReport(path: "log.sqlite").summary == nil)
    }

    @Test(arguments: [
        (11, true), (267, true), (26, true), (266, true), (522, true), (13, false), (5, false), (778, false),
    ])
    func damageIsToldFromWhatPasses(_ code: Int32, _ isDamage: Bool) {
        #expect(fault("", code: code).isDamage == isDamage)
    }
}

struct DamagedLogTests {
    @Test func whatStandsBeforeADamagedEventIsReadAndThePlaceIsNamed() throws {
        let home = try TemporaryFolder().home()
        let ids = try home.append(Make.plain(10), now: start).events.map(\.id)
        try home.pool.write {
            try $0.execute(sql: "UPDATE events SET json = x'00' WHERE id = ?", arguments: [ids[6].rawValue])
        }
        let page = try home.page(after: .zero, events: 100, bytes: .max)
        #expect(page.events.map(\.id) == Array(ids[..<6]) && page.hasMore)
        let error = #expect(throws: JournalError.self) { try home.page(after: ids[5], events: 100, bytes: .max) }
        #expect(error?.isDamage == true && error?.text.contains("after event \(ids[5])") == true)
        // Beyond it the log is good.
        #expect(try home.page(after: ids[6], events: 100, bytes: .max).events.count == 3)
    }

    @Test func aReadThatFailsIsToldAside() throws {
        let faults = Monitor<[JournalError]>([])
        let reader = try JournalReader(home: GatedHome()) { fault in faults.change { $0.append(fault) } }
        let done = Monitor(false)
        let isTaken = reader.read(
            "cursor", { _ -> Int in throw JournalError(operation: "cursor", code: 11, text: "no") }
        ) {
            _ in done.change { $0 = true }
        }
        #expect(isTaken)
        _ = done.wait { $0 ? true : nil }
        #expect(faults.withLock { $0.map(\.code) } == [11])
        reader.stop()
    }
}

struct DiskBudgetTests {
    @Test func aLogWithoutABoundAndOneOfAGibibyteAreAsLargeAsTheWriteAheadLogMayBe() {
        #expect(DiskBudget(Retention(bytes: nil)).walPages == Limits.walPages)
        #expect(DiskBudget(Retention(bytes: nil)).overfullBytes == .max)
        #expect(DiskBudget(Retention()).walPages == Limits.walPages)
        #expect(DiskBudget(Retention(bytes: 1 << 50)).walPages == Limits.walPages)
    }

    @Test func theWriteAheadLogFollowsTheBound() {
        #expect(DiskBudget(Retention(bytes: 1 << 20)).walPages == Limits.leastWALPages)
        #expect(DiskBudget(Retention(bytes: 64 << 20)).walPages == 4_096)
        #expect(DiskBudget(Retention(bytes: 64 << 20)).overfullBytes == 68 << 20)
    }

    @Test func manyLargeEventsAtOnceStayWithinTheBoundOnDisk() throws {
        let folder = try TemporaryFolder()
        let bound = 1 << 20
        let most = bound * 5 / 2 + Limits.diskSlackBytes
        let home = try folder.home(retention: Retention(ageMilliseconds: nil, events: nil, bytes: bound))
        let count = 3 * most / 400_000
        let done = Monitor((answered: 0, largest: 0))
        let path = folder.path
        let writer = try JournalWriter(
            home: home, clock: { start },
            onCommit: { _ in
                let bytes = Self.bytes(in: path)
                done.change { $0.largest = max($0.largest, bytes) }
            })
        let raw = String(repeating: "x", count: 400_000)
        for number in 0..<count {
            let draft = Make.draft(Make.event(.unknown), key: "k\(number)", raw: raw)
            #expect(writer.submit(draft) { _ in done.change { $0.answered += 1 } })
        }
        _ = done.wait { $0.answered == count ? true : nil }
        writer.stop()
        #expect(done.withLock { $0.largest } > bound)
        #expect(done.withLock { $0.largest } <= most)
    }

    private static func bytes(in folder: String) -> Int {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.reduce(0) { sum, file in
            let size = try? FileManager.default.attributesOfItem(atPath: folder + "/" + file)[.size] as? Int
            return sum + (size ?? 0)
        }
    }

    @Test func aLogThatIsFarTooFullIsTrimmedBeforeItsTime() throws {
        let home = try TemporaryFolder().home(retention: Retention(ageMilliseconds: nil, events: nil, bytes: 1 << 20))
        let large = (0..<30).map { number in
            Make.draft(Make.event(.unknown), key: "k\(number)", raw: String(repeating: "x", count: 100_000))
        }
        _ = try home.append(Array(large[..<10]), now: start)
        #expect(!home.isOverfull())
        _ = try home.append(Array(large[10...]), now: start)
        #expect(home.isOverfull())
        try home.trim()
        #expect(!home.isOverfull())
    }
}
