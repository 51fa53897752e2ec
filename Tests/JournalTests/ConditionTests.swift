import Events
import GRDB
import Platform
import Testing
import Wire

@testable import Journal

/// Drafts that are appended only if their room is as it was.
struct ConditionTests {
    let folder: TemporaryFolder
    let home: SQLiteHome
    private let room = RoomKey(source: "livekit", name: "standup")

    init() throws {
        folder = try TemporaryFolder()
        home = try folder.home()
    }

    /// A group of drafts about a room.
    private func group(
        _ keys: WireText..., in room: WireText = "standup", since id: EventID
    ) -> [Draft] {
        keys.map { key in
            var draft = Make.draft(Make.joined(key, room: room), key: key)
            draft.condition = RoomCondition(
                room: RoomKey(source: "livekit", name: room), untouchedSince: id)
            return draft
        }
    }

    private func append(_ drafts: [Draft], at time: Int64 = 0) throws -> [DraftVerdict] {
        try home.append(drafts, now: start + time).verdicts
    }

    @Test func aGroupIsAppendedIfNoEventTouchedItsRoomSince() throws {
        _ = try append([Make.draft(Make.started())])
        let head = try home.currentState().extent.head
        _ = try append([Make.draft(Make.joined("PA_9", room: "other"))])
        #expect(try append(group("PA_1", "PA_2", since: head)) == [.new, .new])
        #expect(try home.rooms().first { $0.key == room }?.participants.count == 2)
    }

    @Test func anOutdatedGroupAppendsNothingAndLeavesNoKey() throws {
        _ = try append([Make.draft(Make.started())])
        let head = try home.extent().head
        _ = try append([Make.draft(Make.joined("PA_9"))])
        let before = try home.all().map(\.id)
        #expect(try append(group("PA_1", "PA_2", since: head)) == [.outdated, .outdated])
        #expect(try home.all().map(\.id) == before)
        #expect(try append(group("PA_1", "PA_2", since: home.extent().head)) == [.new, .new])
    }

    @Test func draftsEarlierInTheBatchCount() throws {
        _ = try append([Make.draft(Make.started())])
        let head = try home.extent().head
        let webhook = Make.draft(Make.left("PA_7"))
        #expect(
            try append(group("PA_1", since: head) + [webhook] + group("PA_2", "PA_3", since: head))
                == [.new, .new, .outdated, .outdated])
    }

    @Test func anotherGroupOfTheSameRoomIsOutdatedByTheFirst() throws {
        _ = try append([Make.draft(Make.started(at: 0))])
        _ = try append([Make.draft(Make.joined("PA_0", room: "other"))], at: 1)
        let later = try home.extent().head
        let earlier = Make.id(start, 0)
        #expect(
            try append(group("PA_1", since: earlier) + group("PA_2", since: later)) == [.new, .outdated])
    }

    @Test func aRoomThatOpenedAndClosedMeanwhileIsTouched() throws {
        _ = try append([Make.draft(Make.joined("PA_9", room: "other"))])
        let head = try home.extent().head
        #expect(try append(group("PA_0", in: "untouched", since: head)) == [.new])
        _ = try append([Make.draft(Make.started("RM_7")), Make.draft(Make.finished("RM_7"))], at: 1)
        #expect(try !home.rooms().contains { $0.key == room })
        #expect(try append(group("PA_1", since: head), at: 2) == [.outdated])
        #expect(try append(group("PA_1", since: home.extent().head), at: 3) == [.new])
    }

    @Test(arguments: [
        Make.left("PA_5"), Make.track(.trackUnpublished, "TR_1", of: "PA_5"),
        Make.participant(.participantConnectionAborted, "PA_5"), Make.finished("RM_0"),
        Make.recording(.recordingEnded, "EG_1", "complete"),
    ])
    func eventsThatChangeNothingTouchTheirRoom(_ event: Event) throws {
        _ = try append([Make.draft(Make.started())])
        let state = try home.currentState()
        _ = try append([Make.draft(event)])
        #expect(try home.rooms() == state.rooms)
        #expect(try append(group("PA_1", since: state.extent.head)) == [.outdated])
    }

    @Test func eventsOfAnAudienceAndOfOtherTypesDoNotTouchARoom() throws {
        _ = try append([Make.draft(Make.started())])
        let head = try home.extent().head
        var addressed = Make.joined("PA_5")
        addressed.users = ["ada"]
        _ = try append([Make.draft(addressed), Make.draft(Make.event(.transcriptReady))])
        #expect(try append(group("PA_1", since: head)) == [.new])
    }

    @Test func aDuplicateInAGroupLeavesTheOthers() throws {
        _ = try append([Make.draft(Make.joined("PA_1"), key: "PA_1")])
        #expect(try append(group("PA_1", "PA_2", since: home.extent().head)) == [.duplicate, .new])
    }

    @Test func afterARestartOnlyWhatHappenedSinceIsKnown() throws {
        _ = try append([Make.draft(Make.started())])
        let old = try home.extent().head
        _ = try append([Make.draft(Make.joined("PA_9", room: "other"))], at: 1)
        let head = try home.extent().head
        let again = try folder.crashed().home()
        #expect(try again.append(group("PA_1", since: old), now: start + 2).verdicts == [.outdated])
        #expect(try again.append(group("PA_1", since: head), now: start + 2).verdicts == [.new])
    }

    @Test func aFailedBatchTouchesNothing() throws {
        _ = try append([Make.draft(Make.started())])
        let head = try home.extent().head
        try limitFile(toPages: 1)
        let large = (0..<200).map {
            Make.draft(Make.joined("PA_\($0)"), raw: String(repeating: "x", count: 9_000))
        }
        #expect(throws: JournalError.self) { try append(large) }
        try limitFile(toPages: 1_000_000)
        #expect(try append(group("PA_1", since: head)) == [.new])
    }

    private func limitFile(toPages pages: Int) throws {
        try home.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
    }

    @Test func moreClosedRoomsThanAreRememberedAreOutdatedAndNeverMistaken() throws {
        var driver = FoldDriver()
        driver.apply(Make.started("RM_0", room: "first"), Make.finished("RM_0", room: "first"))
        let head = driver.log.last?.id ?? .zero
        for number in 0..<Limits.rememberedTouches {
            driver.apply(Make.finished("RM_0", room: "room-\(number)"))
        }
        let first = RoomKey(source: "livekit", name: "first")
        let unknown = RoomKey(source: "livekit", name: "never seen")
        for key in [first, unknown] {
            #expect(!driver.fold.isUntouched(key, since: head))
            #expect(driver.fold.isUntouched(key, since: driver.log.last?.id ?? .zero))
        }
    }
}

extension WriterTests {
    private var condition: RoomCondition {
        RoomCondition(room: RoomKey(source: "livekit", name: "standup"), untouchedSince: .zero)
    }

    private func submit(_ keys: [WireText], to writer: JournalWriter) -> Bool {
        let drafts = keys.map { Make.draft(Make.event(.unknown), key: $0) }
        return writer.submit(drafts, on: condition) { [ledger] in ledger.note("\($0)") }
    }

    @Test func aGroupIsNeverDividedAndIsAnsweredAsAWhole() throws {
        let writer = try JournalWriter(home: home, clock: { start }, onCommit: { _ in })
        #expect(submit(["first"], to: writer))
        home.waitUntilEntered(1)
        #expect(submit(["outdated"], to: writer))
        #expect(submit((0..<Limits.commitEvents - 1).map { "\($0)" }, to: writer))
        #expect(submit(["again", "last"], to: writer))
        #expect(writer.counters.waiting == 4 + Limits.commitEvents - 1)
        #expect(!submit((0...Limits.commitEvents).map { "\($0)" }, to: writer))
        #expect(!submit([], to: writer))
        home.allow(3)
        writer.stop()
        #expect(home.state.withLock { $0.batches.map(\.count) } == [1, Limits.commitEvents, 2])
        let entries = ledger.wait(4)
        #expect(entries[1] == "outdated")
        #expect(entries[3] == "committed([Events.DraftVerdict.duplicate, Events.DraftVerdict.new])")
        #expect(writer.counters.outdated == 1)
        #expect(writer.counters.waiting == 0)
    }

    @Test func aGroupFailsAsAWholeAndIsRefusedWhenTooManyWait() throws {
        let writer = try JournalWriter(home: home, clock: { start }, onCommit: { _ in })
        home.state.change { $0.failures = 1 }
        #expect(submit(["a", "b"], to: writer))
        home.waitUntilEntered(1)
        for _ in 0..<(Limits.waitingAppends - 2) / Limits.commitEvents {
            #expect(submit((0..<Limits.commitEvents).map { "\($0)" }, to: writer))
        }
        #expect(!submit((0..<Limits.commitEvents).map { "\($0)" }, to: writer))
        home.allow(100)
        #expect(ledger.wait(1).first?.hasPrefix("failed(journal: append: database or disk is full") == true)
        writer.stop()
        #expect(writer.counters.failedDrafts == 2)
    }
}
