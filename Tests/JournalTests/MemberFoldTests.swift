import Events
import TestSupport
import Testing
import Wire

@testable import Journal

/// Users who are present in rooms through their own streams.
struct MemberFoldTests {
    private static func member(_ user: WireText, issuer: WireText = "own", state: JSONObject = [:]) -> Member {
        Member(principal: Principal(issuer: issuer, user: user), state: state, since: start, streams: 1)
    }

    private static func event(
        _ type: EventType, _ user: WireText, issuer: WireText = "own", room: WireText = "hall", state: JSONObject = [:]
    ) -> Event {
        Event(type, member(user, issuer: issuer, state: state), room: room, now: start)
    }

    private static func users(_ driver: FoldDriver, _ room: WireText = "hall") -> [WireText]? {
        driver.room(room, source: "clients")?.members.inOrder.map(\.principal.user)
    }

    @Test func aRoomIsThereFromTheFirstJoinToTheLastLeave() {
        var driver = FoldDriver()
        driver.apply(Self.event(.memberJoined, "ada"), Self.event(.memberJoined, "bob"))
        #expect(Self.users(driver) == ["ada", "bob"])
        #expect(driver.room("hall", source: "clients")?.isOfMembers == true)
        driver.apply(Self.event(.memberLeft, "ada"))
        #expect(Self.users(driver) == ["bob"])
        driver.apply(Self.event(.memberLeft, "bob"))
        #expect(Self.users(driver) == nil)
        #expect(driver.log.count == 4)
    }

    @Test func whatChangesNothingIsNotLogged() {
        var driver = FoldDriver()
        #expect(driver.apply(Self.event(.memberLeft, "ada")).isEmpty)
        #expect(driver.apply(Self.event(.memberUpdated, "ada")).isEmpty)
        driver.apply(Self.event(.memberJoined, "ada"))
        #expect(driver.apply(Self.event(.memberJoined, "ada", state: ["a": .integer(1)])).isEmpty)
        #expect(driver.apply(Self.event(.memberUpdated, "ada", state: ["a": .integer(2)])).count == 1)
        #expect(driver.room("hall", source: "clients")?.members.inOrder.map(\.state) == [["a": .integer(2)]])
    }

    @Test func oneNameOfTwoIssuersIsTwoMembers() {
        var driver = FoldDriver()
        driver.apply(Self.event(.memberJoined, "ada"), Self.event(.memberJoined, "ada", issuer: "idp"))
        #expect(Self.users(driver) == ["ada", "ada"])
        driver.apply(Self.event(.memberLeft, "ada", issuer: "idp"))
        #expect(driver.room("hall", source: "clients")?.members.inOrder.map(\.principal.issuer) == ["own"])
    }

    @Test func namesAreToldApartByTheirBytes() {
        var driver = FoldDriver()
        // One é as one scalar, and as an e with an accent.
        driver.apply(Self.event(.memberJoined, "Jos\u{E9}"), Self.event(.memberJoined, "Jose\u{301}"))
        #expect(driver.room("hall", source: "clients")?.members.count == 2)
    }

    @Test func webhooksWithTheseTypesTellOfNoMembers() {
        var driver = FoldDriver()
        var event = Event(type: .memberJoined, source: "app", provider: "standard", room: "hall", receivedAt: start)
        event.data.other = ["member": ["user": "ada", "issuer": "own", "since": "2026-11-20T08:00:00.000Z"]]
        #expect(driver.apply(event).count == 1)
        #expect(driver.room("hall", source: "app") == nil)
    }

    @Test func aWebhooksOwnMemberIsReadBackAsItWas() throws {
        var event = Event(type: .memberJoined, source: "app", provider: "standard", room: "hall", receivedAt: start)
        event.data.other = [
            "member": ["plan": "gold", "user": "ada", "issuer": "own", "since": "2026-11-20T08:00:00.000Z"]
        ]
        let json = JournalEvent(id: EventID(rawValue: 5), event: event)
        var bytes: [UInt8] = []
        json.appendJSON(to: &bytes, showsRaw: false)
        #expect(Event.read(try JSONReader.value(bytes))?.event == event)
        #expect(event.member == nil)
    }

    @Test func eventsOfMembersAreReadBackAsTheyWere() throws {
        let event = Event(
            .memberLeft,
            Member(
                principal: Principal(issuer: "own", user: "Zoë 🦊/x"), state: ["status": "away"], since: start,
                streams: 3, leaveReason: MemberEnd.timeout.text), room: "a/b", now: start)
        var bytes: [UInt8] = []
        JournalEvent(id: EventID(rawValue: 5), event: event).appendJSON(to: &bytes, showsRaw: false)
        #expect(Event.read(try JSONReader.value(bytes))?.event == event)
    }

    @Test func roomsOfMembersNeitherGoStaleNorFillTheBound() {
        var driver = FoldDriver()
        driver.fold.mostRooms = 1
        driver.apply(Self.event(.memberJoined, "ada"), Self.event(.memberJoined, "bob", room: "other"))
        #expect(driver.fold.roomCount == 0)
        #expect(driver.apply(Make.started(room: "a")).map(\.isUntracked) == [false])
        #expect(driver.apply(Make.started(room: "b")).map(\.isUntracked) == [true])
        #expect(driver.fold.roomCount == 1)
        #expect(driver.fold.staleRooms(events: 100, now: start) { _ in true }.map(\.event.room) == ["a"])
        let saved = RoomFold(rooms: driver.fold.rooms, memory: driver.fold.memory)
        #expect(saved.roomCount == 1)
        #expect(saved.staleRooms(events: 100, now: start) { _ in true }.map(\.event.room) == ["a"])
    }

    @Test func anAdministratorEndsARoomByTheLeavesOfItsMembers() {
        var driver = FoldDriver()
        driver.apply(Self.event(.memberJoined, "ada"), Self.event(.memberJoined, "bob"))
        let key = RoomKey(source: ClientSource.name, name: "hall")
        let close = Draft.finish(
            key, provider: ClientSource.name, reason: RoomEnd.closed, endedAt: start, now: start)
        let logged = driver.apply(close.event)
        #expect(logged.map(\.type) == [.memberLeft, .memberLeft])
        #expect(logged.map { $0.member?.leaveReason } == ["closed", "closed"])
        #expect(driver.room("hall", source: "clients") == nil)
        #expect(driver.apply(close.event).isEmpty)
    }

    @Test func membersSurviveACheckpointAndAKill() throws {
        let folder = try TemporaryFolder()
        let home = try folder.home()
        func draft(_ event: Event) -> Draft { Draft(event: event, idempotencyKey: "") }
        let many = (0..<300).map { Self.event(.memberJoined, "u\($0)", state: ["n": .integer(Int64($0))]) }
        _ = try home.append(many.map(draft), now: start)
        try home.checkpoint()
        let late = try home.append(
            [draft(Self.event(.memberLeft, "u7")), draft(Self.event(.memberUpdated, "u8", state: ["n": .integer(1)]))],
            now: start + 1)
        #expect(late.verdicts == [.new, .new])
        #expect(try home.append([draft(Self.event(.memberLeft, "u7"))], now: start + 2).verdicts == [.duplicate])
        let again = try folder.crashed().home()
        #expect(try again.rooms().first?.members.count == 299)
        #expect(try again.sortedRooms() == home.sortedRooms())
        try home.close()
        let closed = try folder.home()
        #expect(try closed.sortedRooms() == again.sortedRooms())
    }
}

struct MemberTableTests {
    /// Joins, updates and leaves in any order: the table is what a plain dictionary is.
    @Test(arguments: 1..<12 as Range<UInt64>)
    func theTableHoldsWhatWasPutIn(_ seed: UInt64) {
        var dice = SeededGenerator(seed: seed)
        var table = MemberTable()
        var plain: [Principal: Member] = [:]
        for step in 0..<3_000 {
            let principal = Principal(issuer: "own", user: "u\(dice.next() % 400)")
            let member = Member(principal: principal, state: [:], since: start, streams: step)
            let copy = table
            if dice.next() % 100 < (step < 1_500 ? 70 : 35) {
                table.set(member)
                plain[principal] = member
            } else {
                table.remove(member)
                plain[principal] = nil
            }
            #expect(table.count == plain.count)
            #expect(table.contains(member) == (plain[principal] != nil))
            if step % 500 == 0 {
                #expect(table.inOrder.map(\.principal.user) == plain.keys.map(\.user).sorted())
                #expect(copy.count == copy.inOrder.count)
            }
        }
        #expect(Dictionary(uniqueKeysWithValues: table.all.map { ($0.principal, $0) }) == plain)
    }
}
