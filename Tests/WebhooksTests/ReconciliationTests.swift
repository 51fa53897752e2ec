import Events
import TestSupport
import Testing
import Webhooks
import Wire

/// Which events reconciliation takes for missed.
@Suite struct ReconciliationTests {
    /// One room on both sides, and a clock that passes turn.
    private struct Scene {
        static let grace: Int64 = 45_000
        static let start: WallTime = 1_800_000_000_000
        var reconciliation = Reconciliation(source: "livekit", provider: "livekit", graceMilliseconds: grace)
        var milliseconds: Int64 = 0
        /// How far the provider's clock is ahead.
        var skew: Int64 = 0
        var open: [WireText: RoomState] = [:]
        var head = EventID(milliseconds: start.milliseconds - 600_000, sequence: 0)

        var now: WallTime { Self.start + milliseconds }

        mutating func pass(
            after interval: Int64 = 60_000, _ listed: ListedRoom?, _ name: WireText = "standup"
        ) -> [Correction] {
            milliseconds += interval
            let relay = RelayRooms(head: head, open: open, othersClosedBy: Scene.start - 600_000)
            let steady = SteadyTime(milliseconds: milliseconds)
            return reconciliation.judge(
                name, listed: listed, relay: relay,
                times: AskedTimes(asked: steady, answered: steady + 100, now: now, providerNow: now + skew))
        }

        func time(_ age: Int64) -> WallTime { now + skew - age }
    }

    private static func participant(_ id: WireText, joinedAt: WallTime? = nil) -> ParticipantState {
        var participant = Participant(id: id, identity: id)
        participant.joinedAt = joinedAt
        return ParticipantState(participant: participant)
    }

    private static func listed(
        _ people: [ParticipantState], id: WireText? = "RM_1", startedAt: WallTime? = nil,
        undecided: Set<WireText> = []
    ) -> ListedRoom {
        var room = Room(name: "standup", id: id)
        room.startedAt = startedAt
        return ListedRoom(
            room: room, presence: Presence(participants: people, undecided: undecided, hasTracks: true))
    }

    private static func state(_ people: [ParticipantState], id: WireText? = "RM_1") -> RoomState {
        var state = RoomState(
            source: "livekit", provider: "livekit", room: Room(name: "standup", id: id),
            lastEventID: EventID(milliseconds: Scene.start.milliseconds - 600_000, sequence: 0))
        state.participants = people
        return state
    }

    private static func types(_ corrections: [Correction]) -> [WireText] {
        corrections.map(\.draft.event.type.rawValue)
    }

    private static let ada = participant("PA_ada", joinedAt: Scene.start - 600_000)
    private static let bob = participant("PA_bob", joinedAt: Scene.start - 600_000)

    @Test func whatBothSidesHaveIsNotReconciled() {
        var scene = Scene()
        scene.open["standup"] = Self.state([Self.ada])
        for _ in 0..<5 { #expect(scene.pass(Self.listed([Self.ada])).isEmpty) }
        #expect(scene.reconciliation.differingRooms.isEmpty)
    }

    @Test func aLeaveNeedsTwoAnswersAGraceApart() throws {
        var scene = Scene()
        scene.open["standup"] = Self.state([Self.ada, Self.bob])
        #expect(scene.pass(Self.listed([Self.ada])).isEmpty)
        let missedAt = scene.now
        #expect(scene.pass(after: 30_000, Self.listed([Self.ada])).isEmpty)
        let found = scene.pass(after: 15_100, Self.listed([Self.ada]))
        #expect(Self.types(found) == ["participant_left"])
        let draft = try #require(found.first).draft
        #expect(draft.event.data.participant?.leftAt == missedAt)
        #expect(draft.event.isSynthetic && draft.event.isReconciled)
        #expect(draft.idempotencyKey == "reconcile:participant_left:PA_bob")
        let room = RoomKey(source: "livekit", name: "standup")
        #expect(draft.condition == RoomCondition(room: room, untouchedSince: scene.head))
    }

    @Test func aParticipantWhoReturnsBetweenTwoAnswersDoesNotLeave() {
        var scene = Scene()
        scene.open["standup"] = Self.state([Self.ada])
        #expect(scene.pass(Self.listed([])).isEmpty)
        #expect(scene.pass(Self.listed([Self.ada])).isEmpty)
        #expect(scene.pass(Self.listed([])).isEmpty)
    }

    @Test func aParticipantOnTheWayInNeitherJoinsNorLeaves() {
        var scene = Scene()
        scene.open["standup"] = Self.state([Self.ada])
        for _ in 0..<3 { #expect(scene.pass(Self.listed([], undecided: ["PA_ada", "PA_new"])).isEmpty) }
    }

    @Test func anOldJoinInAQuietRoomIsMissedAtOnce() {
        var scene = Scene()
        scene.open["standup"] = Self.state([])
        #expect(Self.types(scene.pass(Self.listed([Self.ada]))) == ["participant_joined"])
    }

    @Test func aYoungJoinIsOnItsWay() {
        var scene = Scene()
        scene.open["standup"] = Self.state([])
        let young = Self.participant("PA_new", joinedAt: Scene.start + 40_000)
        #expect(scene.pass(Self.listed([young])).isEmpty)
        #expect(Self.types(scene.pass(Self.listed([young]))) == ["participant_joined"])
    }

    /// The leave may have come by webhook while the provider's list is older.
    @Test func anOldJoinInARoomThatHasJustChangedNeedsTwoAnswers() {
        var scene = Scene()
        var state = Self.state([])
        state.lastEventID = EventID(milliseconds: Scene.start.milliseconds + 50_000, sequence: 0)
        scene.open["standup"] = state
        #expect(scene.pass(Self.listed([Self.ada])).isEmpty)
        #expect(scene.pass(Self.listed([])).isEmpty)
        #expect(scene.pass(Self.listed([Self.ada])).count == 1)
    }

    @Test(arguments: [Int64(-3_600_000), 3_600_000])
    func aClockThatIsWrongDelaysAJoinAndLosesNone(skew: Int64) {
        var scene = Scene()
        scene.open["standup"] = Self.state([])
        // By the provider's word it joins in an hour, or has joined an hour ago; the skew is not known.
        let person = Self.participant("PA_new", joinedAt: Scene.start + 60_000 + max(0, skew))
        #expect(scene.pass(Self.listed([person])).isEmpty)
        #expect(Self.types(scene.pass(Self.listed([person]))) == ["participant_joined"])
    }

    @Test func aRoomThatTheRelayMissedIsStartedWithEverybodyInIt() {
        var scene = Scene()
        let found = scene.pass(Self.listed([Self.ada, Self.bob], startedAt: Scene.start - 700_000))
        #expect(Self.types(found) == ["room_started", "participant_joined", "participant_joined"])
        #expect(found.first?.draft.event.timestamp == Scene.start - 700_000)
        #expect(Set(found.map(\.draft.condition)).count == 1)
    }

    @Test func aRoomBeyondTheBoundIsLeftAlone() {
        var scene = Scene()
        scene.reconciliation.roomsLeft = 0
        for _ in 0..<3 { #expect(scene.pass(Self.listed([Self.ada], startedAt: Scene.start - 700_000)).isEmpty) }
    }

    @Test func aRoomThatTwoListsLackIsFinished() {
        var scene = Scene()
        scene.open["standup"] = Self.state([Self.ada])
        #expect(scene.pass(nil).isEmpty)
        let found = scene.pass(nil)
        #expect(Self.types(found) == ["room_finished"])
        #expect(found.first?.draft.event.data.room?.endReason == "reconciled")
        #expect(found.first?.draft.idempotencyKey == "reconcile:room_finished:RM_1")
    }

    @Test func anotherSessionUnderTheSameNameStarts() {
        var scene = Scene()
        scene.open["standup"] = Self.state([Self.bob])
        let found = scene.pass(Self.listed([Self.ada], id: "RM_2", startedAt: Scene.start - 650_000))
        #expect(Self.types(found) == ["room_started", "participant_joined"])
        #expect(found.first?.draft.event.data.room?.id == "RM_2")
    }

    @Test func aListThatIsOlderThanTheOpenSessionIsIgnored() {
        var scene = Scene()
        var state = Self.state([], id: "RM_2")
        state.room.startedAt = Scene.start
        scene.open["standup"] = state
        for _ in 0..<3 { #expect(scene.pass(Self.listed([Self.ada], startedAt: Scene.start - 700_000)).isEmpty) }
    }

    @Test func aRoomWithoutAnAnswerIsNotJudged() {
        var scene = Scene()
        scene.open["standup"] = Self.state([Self.ada])
        let listed = ListedRoom(room: Room(name: "standup", id: "RM_2"), toldPeople: 0)
        for _ in 0..<3 { #expect(scene.pass(listed).isEmpty) }
        // What was seen before stays.
        #expect(scene.pass(Self.listed([])).isEmpty)
        #expect(scene.pass(listed).isEmpty)
        #expect(Self.types(scene.pass(Self.listed([]))) == ["participant_left"])
    }

    @Test func tracksAreComparedByTheirIDs() {
        var scene = Scene()
        var here = Self.ada
        var there = Self.ada
        here.tracks = [Track(id: "TR_old", kind: "audio"), Track(id: "TR_both", kind: "audio")]
        there.tracks = [Track(id: "TR_both", kind: "audio", muted: true), Track(id: "TR_new", kind: "video")]
        scene.open["standup"] = Self.state([here])
        #expect(scene.pass(Self.listed([there])).isEmpty)
        let found = scene.pass(Self.listed([there]))
        #expect(Self.types(found) == ["track_published", "track_unpublished"])
        #expect(found.map(\.draft.event.data.track?.id) == ["TR_new", "TR_old"])
    }

    @Test func whatTheProviderDoesNotListIsNotMissed() {
        var scene = Scene()
        scene.reconciliation = Reconciliation(
            source: "daily", provider: "daily", graceMilliseconds: Scene.grace, lists: { $0.id != "PA_ada" })
        scene.open["standup"] = Self.state([Self.ada, Self.bob])
        for _ in 0..<3 { #expect(scene.pass(nil).isEmpty) }
        _ = scene.pass(Self.listed([]))
        #expect(scene.pass(Self.listed([])).map(\.draft.event.data.participant?.id) == ["PA_bob"])
    }

    @Test func anEventThatEndsNoDifferenceIsNotRepeatedForEver() throws {
        var scene = Scene()
        scene.open["standup"] = Self.state([])
        var keys: [WireText] = []
        for _ in 0..<6 {
            for correction in scene.pass(Self.listed([Self.ada])) {
                keys.append(correction.draft.idempotencyKey)
                scene.reconciliation.settle(correction, .settled)
            }
        }
        #expect(
            keys == [
                "reconcile:participant_joined:PA_ada", "reconcile:participant_joined:PA_ada:\(scene.head)",
            ])
    }

    @Test func anOutdatedCorrectionIsMadeAgain() throws {
        var scene = Scene()
        scene.open["standup"] = Self.state([])
        for _ in 0..<4 {
            let correction = try #require(scene.pass(Self.listed([Self.ada])).first)
            scene.reconciliation.settle(correction, .outdated)
        }
    }

    @Test func theNextConfirmationIsAGraceAfterTheFirstSight() {
        var scene = Scene()
        #expect(scene.reconciliation.nextConfirmation == nil)
        scene.open["standup"] = Self.state([Self.ada])
        _ = scene.pass(Self.listed([]))
        #expect(scene.reconciliation.nextConfirmation == SteadyTime(milliseconds: 60_100 + Scene.grace))
        #expect(scene.reconciliation.differingRooms == ["standup"])
        scene.reconciliation.forget { _ in false }
        #expect(scene.reconciliation.nextConfirmation == nil)
    }
}

/// Which rooms a pass asks for.
@Suite struct RoomsToAskTests {
    private func relay(_ names: [WireText], people: Int = 1) -> RelayRooms {
        var open: [WireText: RoomState] = [:]
        for name in names {
            var state = RoomState(
                source: "s", provider: "livekit", room: Room(name: name, id: "RM_\(name)"), lastEventID: .zero)
            state.participants = (0..<people).map { ParticipantState(participant: Participant(id: "PA_\($0)")) }
            open[name] = state
        }
        return RelayRooms(head: .zero, open: open, othersClosedBy: RoomsToAskTests.epoch)
    }

    private static let epoch = EventID.zero.time

    private func listed(_ name: WireText, people: Int = 1) -> ListedRoom {
        ListedRoom(room: Room(name: name, id: "RM_\(name)"), toldPeople: people)
    }

    @Test func eachRoomIsAskedInOneOfTenPasses() {
        let names = (0..<1_000).map { WireText("room \($0)") }
        let relay = relay(names)
        var asked: [WireText: Int] = [:]
        for pass in 1...10 {
            let chosen = RoomsToAsk.choose(
                names.map { listed($0) }, relay: relay, differing: [], pass: pass, asksAll: false)
            #expect((60...140).contains(chosen.count))
            for room in chosen { asked[room.room.name, default: 0] += 1 }
        }
        #expect(asked.count == 1_000 && asked.values.allSatisfy { $0 == 1 })
    }

    @Test func roomsThatSeemToDifferAreAskedFirstAndAlways() {
        let relay = relay((0..<20).map { "\($0)" })
        let rooms = (0..<20).map { listed("\($0)", people: $0 == 7 ? 3 : 1) } + [listed("unknown")]
        for pass in 0..<10 {
            let chosen = RoomsToAsk.choose(rooms, relay: relay, differing: ["3"], pass: pass, asksAll: false)
            #expect(chosen.prefix(3).map(\.room.name) == ["3", "7", "unknown"])
        }
        #expect(RoomsToAsk.choose(rooms, relay: relay, differing: [], pass: 0, asksAll: true).count == 21)
    }

    @Test func agentsAndRecordersAreNotCounted() {
        var relay = relay(["a"], people: 2)
        relay.open["a"]?.participants[1].participant.kind = "agent"
        let asked = (0..<10).map {
            RoomsToAsk.choose([listed("a")], relay: relay, differing: [], pass: $0, asksAll: false).count
        }
        #expect(asked.reduce(0, +) == 1)
    }
}
