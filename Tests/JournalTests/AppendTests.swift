import Events
import GRDB
import Testing
import Wire

@testable import Journal

struct AppendTests {
    let folder: TemporaryFolder
    let home: SQLiteHome

    init() throws {
        folder = try TemporaryFolder()
        home = try folder.home()
    }

    @Test func whatAnAppendReturnsIsWhatThePageReads() throws {
        var event = Make.joined("PA_1")
        event.users = ["bob", "é\"ve"]
        let raw = #"{"event":"x"}"#
        let commit = try home.append([Make.draft(event, raw: raw), Make.draft(Make.started())], now: start)
        let page = try home.page(after: .zero, events: 10, bytes: 10_000)
        #expect(page.events.map(\.id) == commit.events.map(\.id))
        #expect(page.events.map(\.text) == commit.events.map(\.text))
        #expect(page.events.map(\.event) == commit.events.map(\.event))
        #expect(page.events.first?.event.users == ["bob", "é\"ve"])
        #expect(page.events.map { $0.raw.map { String(decoding: $0.buffer, as: UTF8.self) } } == [raw, nil])
        #expect(!page.hasMore)
    }

    @Test func idsGrowWithinAMillisecondAndWhenTheClockStepsBack() throws {
        let first = try home.append(Make.plain(2), now: start).events.map(\.id)
        let second = try home.append(Make.plain(1, from: 2), now: start - 60_000).events.map(\.id)
        let third = try home.append(Make.plain(1, from: 3), now: start + 1).events.map(\.id)
        #expect(
            first + second + third == [
                Make.id(start, 0), Make.id(start, 1), Make.id(start, 2), Make.id(start + 1, 0),
            ])
    }

    @Test func aKeyIsKeptOncePerSourceAcrossAndWithinBatches() throws {
        func draft(_ source: WireText) -> Draft {
            Make.draft(Make.event(.unknown, room: nil, session: nil, source: source), key: "EV_1")
        }
        let first = try home.append([draft("a"), draft("a"), draft("b")], now: start)
        #expect(first.events.map(\.event.source) == ["a", "b"])
        #expect(first.count(.duplicate) == 1)
        #expect(first.verdicts == [.new, .duplicate, .new])
        let second = try home.append([draft("b"), draft("c")], now: start + 1)
        #expect(second.events.map(\.event.source) == ["c"])
        #expect(second.verdicts == [.duplicate, .new])
        #expect(try home.all().map(\.event.source) == ["a", "b", "c"])
    }

    @Test func emptyTextsAndBodiesAreKeptAsSuch() throws {
        var silent = Make.event(.unknown, room: nil, session: nil, source: "")
        silent.users = []
        let drafts = [
            Make.draft(silent, key: "", raw: ""), Make.draft(Make.event(.unknown), key: "é", raw: nil),
        ]
        let first = try home.append(drafts, now: start)
        #expect(first.events.count == 2)
        #expect(try home.append(drafts, now: start + 1).count(.duplicate) == 2)
        let page = try home.page(after: .zero, events: 10, bytes: 10_000)
        #expect(page.events.map { $0.raw?.count } == [0, nil])
        #expect(page.events.map(\.event.users) == [[], nil])
        // Also once the keys were read back from the file.
        try home.close()
        #expect(try folder.home().append(drafts, now: start + 2).count(.duplicate) == 2)
    }

    @Test func aFailedTransactionLeavesNothingBehind() throws {
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try home.pool.transaction { db in
                try db.execute(sql: "INSERT INTO events (id, json) VALUES (1, x'')")
                throw Stop()
            }
        }
        #expect(try home.all().isEmpty)
        #expect(try home.append(Make.plain(2), now: start).events.count == 2)
    }

    @Test func aBatchOfDuplicatesChangesNothing() throws {
        let first = try home.append(Make.plain(3), now: start)
        let second = try home.append(Make.plain(3), now: start + 5)
        #expect(second.events.isEmpty)
        #expect(second.count(.duplicate) == 3)
        #expect(second.extent == first.extent)
    }

    @Test func aCommitTellsTheRoomsThatChanged() throws {
        let first = try home.append([Make.draft(Make.started()), Make.draft(Make.joined("PA_1"))], now: start)
        let key = RoomKey(source: "livekit", name: "standup")
        #expect(first.rooms.keys.map(\.name) == ["standup"])
        #expect(first.rooms[key].flatMap { $0 }?.participants.map(\.participant.id) == ["PA_1"])
        #expect(first.rooms[key].flatMap { $0 }?.lastEventID == first.extent.head)
        let second = try home.append([Make.draft(Make.finished(at: 9))], now: start + 9)
        #expect(second.events.map(\.event.type) == [.participantLeft, .roomFinished])
        #expect(second.rooms.count == 1)
        #expect(second.rooms[key] == .some(nil))
        #expect(try home.rooms().isEmpty)
    }

    @Test func onlyTheSendersOwnEventCarriesItsRawBody() throws {
        _ = try home.append([Make.draft(Make.started()), Make.draft(Make.joined("PA_1"))], now: start)
        let commit = try home.append([Make.draft(Make.finished(), raw: "{}")], now: start)
        #expect(commit.events.map { $0.raw?.count } == [nil, 2])
    }
}
