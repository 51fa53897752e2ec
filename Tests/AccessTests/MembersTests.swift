import Events
import TestSupport
import Testing
import Wire

@testable import Access

/// A value that decides on members, and a journal that appends what it orders, at once or when the test says so.
struct MemberStage {
    var members: Members
    var settings = MemberSettings()
    var now = MemberTime(steady: SteadyTime(milliseconds: 1_000_000), wall: 1_790_000_000_000)
    /// Orders that wait, if they are not completed at once.
    var waiting: [MemberOrder] = []
    var completesAtOnce = true
    /// What the journal has, as `joined ada`.
    var log: [String] = []
    var answers: [UInt64: MemberAnswer] = [:]

    init(mostUnderWay: Int = 100) {
        members = Members(mostUnderWay: mostUnderWay, at: now)
    }

    static func key(_ user: WireText, _ room: WireText = "hall", issuer: WireText = "own") -> MemberKey {
        MemberKey(room: room, principal: Principal(issuer: issuer, user: user))
    }

    mutating func take() {
        while true {
            let effects = members.takeEffects()
            for answer in effects.answers { answers[answer.number] = answer.answer }
            waiting += effects.orders
            guard completesAtOnce, !waiting.isEmpty else { return }
            completeFirst()
        }
    }

    mutating func completeFirst(_ outcome: MemberOutcome = .appended) {
        let order = waiting.removeFirst()
        if outcome == .appended {
            let type = order.type.rawValue.string.dropFirst("member_".count)
            let reason = order.member.leaveReason.map { " \($0)" } ?? ""
            log.append("\(type) \(order.key.principal.user)\(reason)")
        }
        members.completed(order, outcome, at: now)
        let effects = members.takeEffects()
        for answer in effects.answers { answers[answer.number] = answer.answer }
        waiting += effects.orders
    }

    mutating func hold(_ user: WireText, _ rooms: [WireText] = ["hall"], issuer: WireText = "own") throws {
        try members.hold(rooms, of: Principal(issuer: issuer, user: user), settings, at: now)
        take()
    }

    mutating func release(
        _ user: WireText, _ rooms: [WireText] = ["hall"], issuer: WireText = "own", isRevoked: Bool = false
    ) {
        members.release(
            rooms, of: Principal(issuer: issuer, user: user), isRevoked: isRevoked, settings, at: now)
        take()
    }

    mutating func put(_ user: WireText, _ state: JSONObject, number: UInt64 = 1) throws {
        try members.put(state, Self.key(user), number: number, settings, at: now)
        take()
    }

    mutating func leave(_ user: WireText, number: UInt64 = 1) throws {
        try members.leave(Self.key(user), number: number, settings, at: now)
        take()
    }

    mutating func pass(_ milliseconds: Int64) {
        now = MemberTime(steady: now.steady + milliseconds, wall: now.wall)
        members.tick(at: now)
        take()
    }
}

@Suite struct MembersTests {
    @Test func theFirstStreamJoinsAndTheGraceAfterTheLastLeaves() throws {
        var stage = MemberStage()
        try stage.hold("ada")
        try stage.hold("ada")
        stage.release("ada")
        stage.pass(60_000)
        #expect(stage.log == ["joined ada"])
        stage.release("ada")
        stage.pass(9_999)
        #expect(stage.log == ["joined ada"])
        stage.pass(1)
        #expect(stage.log == ["joined ada", "left ada timeout"])
        #expect(stage.members.count == 0 && stage.members.roomCount == 0)
    }

    @Test func whoComesBackWithinTheGraceNeverLeft() throws {
        var stage = MemberStage()
        try stage.hold("ada")
        for _ in 0..<20 {
            stage.release("ada")
            stage.pass(9_000)
            try stage.hold("ada")
        }
        stage.pass(60_000)
        #expect(stage.log == ["joined ada"])
    }

    @Test func changesThatComeWhileAnEventIsUnderWayAreOneEvent() throws {
        var stage = MemberStage()
        stage.completesAtOnce = false
        try stage.hold("ada")
        for number in 1...5 { try stage.put("ada", ["n": .integer(Int64(number))], number: UInt64(number)) }
        #expect(stage.waiting.count == 1 && stage.answers.isEmpty)
        stage.completeFirst()
        #expect(stage.waiting.map(\.member.state) == [["n": .integer(5)]])
        stage.completeFirst()
        #expect(stage.log == ["joined ada", "updated ada"])
        #expect(stage.answers.count == 5)
        guard case .present(let member) = stage.answers[1] else { return #expect(Bool(false)) }
        #expect(member.state == ["n": .integer(5)])
    }

    @Test func aStateThatIsTheSameIsNoEvent() throws {
        var stage = MemberStage()
        try stage.hold("ada")
        try stage.put("ada", ["a": "b"])
        try stage.put("ada", ["a": "b"], number: 2)
        #expect(stage.log == ["joined ada", "updated ada"])
        #expect(stage.answers.count == 2)
    }

    @Test func whoLeavesEarlyIsOutUntilTheySayOtherwise() throws {
        var stage = MemberStage()
        try stage.hold("ada")
        try stage.put("ada", ["a": "b"])
        try stage.leave("ada", number: 2)
        #expect(stage.answers[2] == .absent)
        stage.pass(60_000)
        try stage.put("ada", [:], number: 3)
        #expect(stage.log == ["joined ada", "updated ada", "left ada left", "joined ada"])
        stage.release("ada")
        stage.pass(10_000)
        #expect(stage.log.count == 5)
        try stage.leave("ada", number: 4)
        #expect(stage.answers[4] == .absent)
    }

    @Test func aNewStreamAfterAnEarlyLeaveJoinsWithoutTheOldState() throws {
        var stage = MemberStage()
        try stage.hold("ada")
        try stage.put("ada", ["a": "b"])
        try stage.leave("ada")
        stage.release("ada")
        try stage.hold("ada")
        #expect(stage.log.last == "joined ada")
        try stage.put("ada", [:], number: 9)
        guard case .present(let member) = stage.answers[9] else { return #expect(Bool(false)) }
        #expect(member.state == [:] && stage.log.count == 4)
    }

    @Test func whatTheJournalRefusesIsOrderedAgain() throws {
        var stage = MemberStage()
        stage.completesAtOnce = false
        try stage.hold("ada")
        try stage.put("ada", ["a": "b"], number: 7)
        stage.completeFirst(.failed)
        #expect(stage.answers[7] == .failed && stage.waiting.isEmpty)
        stage.pass(1)
        #expect(stage.waiting.map(\.type) == [.memberJoined])
        #expect(stage.waiting.first?.member.state == ["a": "b"])
        stage.completeFirst()
        stage.release("ada")
        stage.pass(10_000)
        stage.completeFirst(.failed)
        // Back before the leave could be made.
        try stage.hold("ada")
        stage.pass(1)
        #expect(stage.waiting.isEmpty && stage.log == ["joined ada"])
    }

    @Test func whoGoesBeforeTheJoinIsMadeIsNeverThere() throws {
        var stage = MemberStage()
        stage.completesAtOnce = false
        try stage.hold("ada")
        stage.completeFirst(.failed)
        stage.release("ada")
        stage.pass(60_000)
        #expect(stage.waiting.isEmpty && stage.members.count == 0)
    }

    @Test func aJournalThatDisagreesIsPutRight() throws {
        var stage = MemberStage()
        stage.completesAtOnce = false
        try stage.hold("ada")
        try stage.put("ada", ["a": "b"])
        // It has the member already, with a state that is not known.
        stage.completeFirst(.unneeded)
        #expect(stage.waiting.map(\.type) == [.memberUpdated])
        // And then not any more.
        stage.completeFirst(.unneeded)
        #expect(stage.waiting.map(\.type) == [.memberJoined])
        stage.completeFirst()
        #expect(stage.waiting.isEmpty && stage.log == ["joined ada"])
    }

    @Test func atMostSoManyEventsAreUnderWay() throws {
        var stage = MemberStage(mostUnderWay: 2)
        stage.completesAtOnce = false
        for user in ["a", "b", "c", "d", "e"] as [WireText] { try stage.hold(user) }
        #expect(stage.waiting.count == 2)
        for _ in 0..<3 {
            while !stage.waiting.isEmpty { stage.completeFirst() }
            stage.pass(1)
        }
        #expect(stage.log.sorted() == ["joined a", "joined b", "joined c", "joined d", "joined e"])
    }

    @Test func twoIssuersWithOneNameAreTwoMembers() throws {
        var stage = MemberStage()
        try stage.hold("ada")
        try stage.hold("ada", issuer: "idp")
        #expect(stage.log == ["joined ada", "joined ada"] && stage.members.count == 2)
        stage.release("ada", issuer: "idp")
        stage.pass(10_000)
        #expect(stage.members.count == 1)
    }

    // MARK: Start and end

    private func room(_ users: [WireText]) -> RoomState {
        var room = RoomState(
            source: ClientSource.name, provider: ClientSource.name, room: Room(name: "hall"), lastEventID: .zero)
        room.members = MemberTable(
            users.map {
                Member(
                    principal: Principal(issuer: "own", user: $0), state: ["a": "b"], since: 1_700_000_000_000,
                    streams: 1)
            })
        return room
    }

    @Test func afterAStartThoseWhoComeBackNeverLeftAndTheOthersLeaveOnce() throws {
        var stage = MemberStage()
        stage.members.start([room(["ada", "bob"])], stage.settings, at: stage.now)
        stage.take()
        stage.pass(5_000)
        try stage.hold("ada")
        stage.pass(5_000)
        #expect(stage.log == ["left bob restart"])
        // State and time are as they were.
        try stage.put("ada", ["a": "b"], number: 3)
        guard case .present(let member) = stage.answers[3] else { return #expect(Bool(false)) }
        #expect(member.since == 1_700_000_000_000 && stage.log.count == 1)
        stage.release("ada")
        stage.pass(10_000)
        #expect(stage.log.last == "left ada timeout")
    }

    @Test func whileTheRelayDrainsNoGraceEnds() throws {
        var stage = MemberStage()
        try stage.hold("ada")
        stage.members.beginDraining()
        stage.release("ada")
        stage.pass(60_000)
        #expect(stage.log == ["joined ada"])
    }

    @Test func aRevokedUserLeavesAtOnceWithAndWithoutStreams() throws {
        var stage = MemberStage()
        try stage.hold("ada")
        try stage.hold("bob")
        try stage.hold("bob", issuer: "idp")
        stage.release("bob")
        stage.release("bob", issuer: "idp")
        stage.members.revoke(user: "bob", issuer: "own", at: stage.now)
        stage.members.revoke(user: "ada", issuer: nil, at: stage.now)
        stage.take()
        #expect(stage.log.suffix(1) == ["left bob revoked"])
        stage.release("ada", isRevoked: true)
        #expect(stage.log.suffix(1) == ["left ada revoked"])
        stage.pass(10_000)
        #expect(stage.log.suffix(1) == ["left bob timeout"])
    }

    @Test func aRoomThatAnAdministratorClosesStaysEmptyUntilItsUsersSayOtherwise() throws {
        var stage = MemberStage()
        try stage.hold("ada")
        try stage.hold("bob")
        stage.release("bob")
        stage.members.roomWasClosed("hall", at: stage.now)
        stage.take()
        stage.pass(60_000)
        #expect(stage.log == ["joined ada", "joined bob"])
        #expect(stage.members.count == 1)
        try stage.put("ada", [:])
        #expect(stage.log.last == "joined ada")
    }

    // MARK: Bounds

    @Test func everyBoundRefusesAndChangesNothing() throws {
        var stage = MemberStage()
        stage.settings.membersPerRoom = 2
        stage.settings.roomsPerUser = 3
        try stage.hold("ada", ["a", "b"])
        #expect(throws: MemberRefusal.tooManyRooms) { try stage.hold("ada", ["c", "d"]) }
        try stage.hold("ada", ["a", "c"])
        #expect(throws: MemberRefusal.tooManyRooms) { try stage.hold("ada", ["d"]) }
        try stage.hold("bob", ["a"])
        #expect(throws: MemberRefusal.roomIsFull) { try stage.hold("cleo", ["e", "a"]) }
        #expect(stage.members.count == 4 && stage.members.roomCount == 3)
        // One who is inside may have another stream there.
        try stage.hold("bob", ["a"])
        #expect(throws: MemberRefusal.notPresent) { try stage.put("cleo", [:]) }
        #expect(stage.log.count == 4)
    }

    @Test func changesAreLimitedForEachUser() throws {
        var stage = MemberStage()
        try stage.hold("ada")
        try stage.hold("bob")
        for number in 1...5 { try stage.put("ada", ["n": .integer(Int64(number))]) }
        #expect(throws: MemberRefusal.tooManyUpdates) { try stage.put("ada", [:]) }
        #expect(throws: MemberRefusal.tooManyUpdates) { try stage.leave("ada") }
        try stage.put("bob", ["n": .integer(1)])
        stage.pass(200)
        try stage.put("ada", ["n": .integer(6)])
        #expect(throws: MemberRefusal.tooManyUpdates) { try stage.put("ada", [:]) }
        #expect(stage.log.count { $0 == "updated ada" } == 6)
    }
}
