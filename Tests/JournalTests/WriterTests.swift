import Events
import Foundation
import Platform
import Testing
import Wire

@testable import Journal

/// A home whose appends wait for leave, and may be told to fail.
final class GatedHome: JournalHome {
    struct State: Sendable {
        var batches: [[WireText]] = []
        var leaves = 0
        var failures = 0
        var upkeeps = 0
        var upkeepFails = false
        var trimmedThrough = EventID.zero
        var isClosed = false
        var entered = 0
    }

    let state = Monitor(State())

    func append(_ drafts: [Draft], now: WallTime) throws -> Commit {
        state.change { $0.entered += 1 }
        let fails = state.wait { state -> Bool? in
            guard state.leaves > 0 else { return nil }
            state.leaves -= 1
            state.failures -= 1
            return state.failures >= 0
        }
        if fails == true { throw JournalError(operation: "append", code: 13, text: "database or disk is full") }
        state.change { $0.batches.append(drafts.map(\.idempotencyKey)) }
        let id = Make.id(now, 0)
        return Commit(
            events: drafts.map { JournalEvent(id: id, event: $0.event) }, rooms: [:],
            extent: JournalExtent(trimmedThrough: .zero, head: id),
            verdicts: drafts.map { draft in
                if draft.condition != nil, draft.idempotencyKey == "outdated" { return .outdated }
                return draft.idempotencyKey == "again" ? .duplicate : .new
            })
    }

    func page(after cursor: EventID, events: Int, bytes: Int) throws -> JournalPage {
        state.change { $0.entered += 1 }
        _ = state.wait { $0.leaves > 0 ? true : nil }
        return JournalPage(after: cursor, events: [], hasMore: false, cursorIsKnown: true, extent: try extent())
    }

    func extent() throws -> JournalExtent {
        let trimmed = state.withLock { $0.trimmedThrough }
        return JournalExtent(trimmedThrough: trimmed, head: trimmed)
    }

    func rooms() throws -> [RoomState] { [] }
    func currentState() throws -> JournalState { JournalState(extent: try extent(), rooms: []) }
    func size() throws -> JournalSize { JournalSize() }
    func probe(_ draft: Draft, now: WallTime) throws {}
    func cursor(since time: WallTime) throws -> EventID { .zero }
    func cursor(beforeLast count: Int) throws -> EventID { .zero }

    func upkeep() throws -> Bool {
        let fails = state.change { state in
            state.upkeeps += 1
            return state.upkeepFails
        }
        if fails { throw JournalError(operation: "trim", text: "no") }
        return false
    }

    func close() throws { state.change { $0.isClosed = true } }

    func allow(_ appends: Int) { state.change { $0.leaves += appends } }
    func waitUntilEntered(_ count: Int) { _ = state.wait { $0.entered >= count ? true : nil } }
}

/// What the writer told, in order.
final class Ledger: Sendable {
    let entries = Monitor<[String]>([])

    func note(_ entry: String) { entries.change { $0.append(entry) } }

    /// Waits until so many entries are there.
    func wait(_ count: Int) -> [String] {
        entries.wait { $0.count >= count ? $0 : nil } ?? []
    }
}

struct WriterTests {
    let home = GatedHome()
    let ledger = Ledger()

    private func writer(_ home: any JournalHome) throws -> JournalWriter {
        try JournalWriter(
            home: home, clock: { start }, onCommit: { [ledger] in ledger.note("commit \($0.events.count)") },
            onFault: { [ledger] in ledger.note("fault \($0.operation)") })
    }

    private func submit(_ key: WireText, to writer: JournalWriter) -> Bool {
        writer.submit(Make.draft(Make.event(.unknown), key: key)) { [ledger] outcome in
            switch outcome {
            case .committed(let duplicate): ledger.note(key.string + (duplicate ? " duplicate" : " committed"))
            case .failed(let error): ledger.note(key.string + " failed \(error.code)")
            }
        }
    }

    @Test func whatWaitsDuringACommitSharesTheNext() throws {
        let writer = try writer(home)
        #expect(submit("a", to: writer))
        home.waitUntilEntered(1)
        for key in ["b", "c", "d"] as [WireText] { #expect(submit(key, to: writer)) }
        home.allow(2)
        #expect(
            ledger.wait(6) == [
                "commit 1", "a committed", "commit 3", "b committed", "c committed", "d committed",
            ])
        writer.stop()
        #expect(home.state.withLock { $0.batches } == [["a"], ["b", "c", "d"]])
    }

    @Test func aTransactionTakesABoundedNumber() throws {
        let writer = try writer(home)
        #expect(submit("first", to: writer))
        home.waitUntilEntered(1)
        for number in 0..<Limits.commitEvents + 5 { #expect(submit("\(number)", to: writer)) }
        home.allow(3)
        writer.stop()
        #expect(home.state.withLock { $0.batches.map(\.count) } == [1, Limits.commitEvents, 5])
    }

    @Test func moreThanMayWaitIsTurnedAwayAndNeverCalledBack() throws {
        let writer = try writer(home)
        #expect(submit("first", to: writer))
        home.waitUntilEntered(1)
        // The first waits as well: it is in the writer's hands.
        for number in 1..<Limits.waitingAppends { #expect(submit("\(number)", to: writer)) }
        #expect(!submit("one too many", to: writer))
        #expect(writer.counters.waiting == Limits.waitingAppends)
        home.allow(100)
        writer.stop()
        #expect(writer.counters.waiting == 0)
        let entries = ledger.wait(0)
        #expect(!entries.contains { $0.hasPrefix("one too many") })
        #expect(entries.count { $0.hasSuffix("committed") } == Limits.waitingAppends)
    }

    @Test func aFailedCommitFailsItsDraftsAndTheNextMaySucceed() throws {
        let writer = try writer(home)
        home.state.change { $0.failures = 1 }
        home.allow(1)
        #expect(submit("a", to: writer))
        #expect(ledger.wait(1) == ["a failed 13"])
        home.allow(1)
        #expect(submit("a", to: writer))
        #expect(ledger.wait(3) == ["a failed 13", "commit 1", "a committed"])
        writer.stop()
        let counters = writer.counters
        #expect(counters.failures == 1 && counters.failedDrafts == 1)
        #expect(counters.commits == 1 && counters.events == 1)
    }

    @Test func duplicatesAreToldApart() throws {
        let writer = try writer(home)
        #expect(submit("first", to: writer))
        home.waitUntilEntered(1)
        for key in ["a", "again", "b"] as [WireText] { #expect(submit(key, to: writer)) }
        home.allow(2)
        #expect(ledger.wait(6).suffix(3) == ["a committed", "again duplicate", "b committed"])
        writer.stop()
        #expect(writer.counters.duplicates == 1)
    }

    @Test func stoppingFinishesWhatWaitsAndClosesTheHome() throws {
        let writer = try writer(home)
        home.allow(2)
        #expect(submit("a", to: writer))
        writer.stop()
        #expect(ledger.wait(0).last == "a committed")
        #expect(home.state.withLock { $0.isClosed })
        #expect(!submit("b", to: writer))
        writer.stop()
    }

    @Test func theLogIsLookedAfterWhileIdleAndItsFaultsAreTold() throws {
        home.state.change { $0.upkeepFails = true }
        let writer = try writer(home)
        #expect(ledger.wait(1) == ["fault trim"])
        #expect(writer.counters.upkeepFaults == 1)
        writer.stop()
    }

    @Test func whatRetentionRemovedIsToldOnceAlsoWhileIdle() throws {
        home.state.change { $0.trimmedThrough = Make.id(start, 0) }
        let writer = try writer(home)
        #expect(ledger.wait(1) == ["commit 0"])
        home.state.change { $0.upkeepFails = true }
        #expect(ledger.wait(2).dropFirst().first == "fault trim")
        writer.stop()
    }

    @Test func underLoadTheLogIsLookedAfterAsFastAsEventsCome() throws {
        let writer = try writer(home)
        #expect(submit("first", to: writer))
        home.waitUntilEntered(1)
        for number in 0..<Limits.trimEvents { #expect(submit("\(number)", to: writer)) }
        home.allow(2)
        writer.stop()
        #expect(home.state.withLock { $0.upkeeps } >= 1)
    }

    @Test func aRealLogIsDurableWhenTheCompletionComes() throws {
        let folder = try TemporaryFolder()
        let writer = try writer(folder.home(durability: .full))
        #expect(submit("a", to: writer))
        #expect(ledger.wait(2) == ["commit 1", "a committed"])
        let copy = try folder.crashed()
        #expect(try copy.home().all().count == 1)
        #expect(submit("a", to: writer))
        #expect(ledger.wait(3).last == "a duplicate")
        writer.stop()
        #expect(try folder.home().all().count == 1)
    }
}
