import Events
import Testing
import Wire

@testable import Journal

struct ReaderTests {
    private let ledger = Ledger()

    @Test func pagesComeFromTheLog() throws {
        let folder = try TemporaryFolder()
        let home = try folder.home()
        let ids = try home.append(Make.plain(5), now: start).events.map(\.id)
        let reader = try JournalReader(home: home)
        let asked = reader.page(after: ids[1], events: 2) { [ledger] result in
            ledger.note((try? result.get())?.events.map(\.id.description).joined(separator: " ") ?? "failed")
        }
        #expect(asked)
        #expect(ledger.wait(1) == ["\(ids[2]) \(ids[3])"])
        let looked = reader.read("tail", { try $0.cursor(beforeLast: 1) }) { [ledger] result in
            ledger.note((try? result.get())?.description ?? "failed")
        }
        #expect(looked)
        #expect(ledger.wait(2).last == "\(ids[3])")
        reader.stop()
    }

    @Test func aFaultIsToldToWhoAsked() throws {
        let folder = try TemporaryFolder()
        let home = try folder.home()
        try home.close()
        let reader = try JournalReader(home: home)
        let asked = reader.page(after: .zero) { [ledger] result in
            if case .failure(let error) = result { ledger.note(error.operation) }
        }
        #expect(asked)
        #expect(ledger.wait(1) == ["page"])
        reader.stop()
    }

    @Test func moreThanMayWaitIsTurnedAway() throws {
        let home = GatedHome()
        let reader = try JournalReader(home: home)
        func ask() -> Bool { reader.page(after: .zero) { [ledger] _ in ledger.note("page") } }
        for _ in 0..<JournalReader.threads { #expect(ask()) }
        home.waitUntilEntered(JournalReader.threads)
        for _ in 0..<Limits.waitingReads { #expect(ask()) }
        #expect(!ask())
        home.allow(1)
        reader.stop()
        #expect(ledger.wait(0).count == JournalReader.threads + Limits.waitingReads)
        #expect(!ask())
    }
}
