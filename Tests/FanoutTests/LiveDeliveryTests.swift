import Events
import TestSupport
import Testing
import Wire

@testable import Fanout

struct LiveDeliveryTests {
    @Test(arguments: [1, 2, 40], [true, false])
    func eachLiveSubscriberGetsOneWriteHoweverManyEventsThereAre(events: Int, isDirect: Bool) {
        let stage = Stage()
        let outlets = (0..<5).map { _ in stage.open(isDirect: isDirect).outlet }
        for outlet in outlets { outlet.clear() }
        stage.commit(events)
        for outlet in outlets {
            #expect(outlet.writes == 1)
            #expect(outlet.ids == Stage.ids(1...events))
        }
        #expect(stage.hub.counters.deliveries == UInt64(5 * events))
        #expect(stage.directWrites == (isDirect ? 5 : 0))
    }

    /// Members of a group leave from its middle and its end, while it is written to, and others join.
    @Test
    func whatEachWasSentIsCountedThroughComingAndGoing() {
        let stage = Stage()
        var streams = (0..<6).map { stage.open(user: "user-\($0)", isDirect: $0 != 1) }
        stage.commit()
        streams[2].outlet.isGone = true
        streams[5].outlet.isGone = true
        streams[0].outlet.room = 20
        stage.commit(2)
        streams.append(stage.open(user: "late"))
        streams[0].outlet.room = nil
        stage.hub.outletHasRoom(streams[0].subscriber)
        stage.settle()
        stage.commit(3)
        for (index, stream) in streams.enumerated() {
            let (subscriber, outlet) = stream
            #expect(subscriber.sentBytes == outlet.bytes.count, "stream \(index)")
            #expect(subscriber.sentEvents == outlet.ids.count, "stream \(index)")
        }
        #expect(streams.map(\.outlet.ids.count) == [6, 6, 1, 6, 6, 1, 3])
        #expect(stage.hub.counters.deliveries == 29)
        #expect(stage.hub.counters.sentBytes == UInt64(streams.map(\.outlet.bytes.count).reduce(0, +)))
    }

    @Test
    func moreEventsThanOneWriteHoldsComeInOrder() {
        let stage = Stage()
        let outlet = stage.open().outlet
        outlet.clear()
        stage.commit(1000)
        #expect(outlet.ids == Stage.ids(1...1000))
        #expect(outlet.writes == 4)
    }

    @Test
    func streamsOfOneFilterAndFormatShareAGroup() {
        let stage = Stage()
        let first = stage.open(rooms: ["call_1", "call_2"], types: ["participant_*"]).subscriber
        let second = stage.open(user: "bob", rooms: ["call_2", "call_1"], types: ["participant_*"]).subscriber
        let other = stage.open(rooms: ["call_1"]).subscriber
        #expect(first.group === second.group)
        #expect(first.group !== other.group)
        let filter = EventFilter(granted: .everything, requested: Self.ask(rooms: ["call_1"]), reconciled: false)
        let without = stage.hub.subscribe(Subscription(user: "ada", filter: filter), outlet: TestOutlet())
        #expect(without.group !== other.group)
        stage.hub.end(without, .clientClosed)
        stage.hub.end(first, .clientClosed)
        stage.hub.end(second, .clientClosed)
        #expect(stage.hub.groups.all.count == 1)
        #expect(stage.hub.count == 1)
    }

    @Test
    func subscriberOfAnotherRoomIsNotWrittenTo() {
        let stage = Stage()
        let other = stage.open(rooms: ["call_2"]).outlet
        other.clear()
        stage.commit(3, room: "call_1")
        #expect(other.writes == 0)
    }

    /// Room, type, source and participant that are asked for, and which of the log's events match.
    static let filters: [(EventFilter, [Int])] = [
        (EventFilter(granted: .everything), [1, 2, 3, 4, 5]),
        (asking(rooms: ["call_1"]), [1, 3]),
        (asking(rooms: ["call_*"]), [1, 2, 3]),
        (asking(rooms: ["call_1", "lobby"]), [1, 3, 4]),
        (asking(types: ["room_started"]), [2, 5]),
        (asking(types: ["*_started"], rooms: ["call_2"]), [2]),
        (EventFilter(granted: .everything, participants: ["ada"]), [1, 4]),
        (EventFilter(granted: .everything, participants: ["ada", "bob"]), [1, 3, 4]),
        (EventFilter(granted: .everything, requested: EventScope(sources: PatternSet(["daily"]))), [4]),
        (EventFilter(granted: .everything, reconciled: true), [3]),
        (EventFilter(granted: .everything, reconciled: false), [1, 2, 4, 5]),
        (EventFilter(granted: .everything, requested: ask(rooms: ["call_*"]), reconciled: false), [1, 2]),
        (EventFilter(granted: .everything, participants: ["ada"], reconciled: true), []),
        (EventFilter(granted: EventScope(rooms: PatternSet(["call_2"]))), [2]),
        (EventFilter(granted: EventScope(rooms: PatternSet(["call_2"])), requested: ask(rooms: ["call_1"])), []),
    ]

    private static func ask(rooms: [WireText] = ["*"], types: [WireText] = ["*"]) -> EventScope {
        EventScope(rooms: PatternSet(rooms), types: PatternSet(types))
    }

    private static func asking(types: [WireText] = ["*"], rooms: [WireText] = ["*"]) -> EventFilter {
        EventFilter(granted: .everything, requested: ask(rooms: rooms, types: types))
    }

    @Test(arguments: filters)
    func liveAndResumedStreamsReceiveWhatTheFilterAdmits(filter: EventFilter, expected: [Int]) {
        let stage = Stage()
        let live = TestOutlet()
        _ = stage.hub.subscribe(Subscription(user: "ada", filter: filter), outlet: live)
        stage.commit([
            Stage.event(1, room: "call_1", identity: "ada"),
            Stage.event(2, room: "call_2", type: .roomStarted),
            Stage.event(3, room: "call_1", identity: "bob", isReconciled: true),
            Stage.event(4, room: "lobby", identity: "ada", source: "daily"),
            Stage.event(5, room: nil, type: .roomStarted),
        ])
        let resumed = TestOutlet()
        _ = stage.hub.subscribe(Subscription(user: "ada", filter: filter, start: .oldest), outlet: resumed)
        stage.settle()
        #expect(live.ids == Stage.ids(expected))
        #expect(resumed.ids == Stage.ids(expected))
    }

    @Test
    func addressedEventsReachTheirUsersAloneAndKeepTheirPlace() {
        let stage = Stage()
        let ada = stage.open(user: "ada").outlet
        let adaAgain = stage.open(user: "ada", rooms: ["call_1"]).outlet
        let bob = stage.open(user: "bob").outlet
        for number in stride(from: 0, to: 30, by: 3) {
            stage.commit([
                Stage.event(number + 1), Stage.event(number + 2, users: ["ada", "ada"]), Stage.event(number + 3),
            ])
        }
        #expect(ada.ids == Stage.ids(1...30))
        #expect(adaAgain.ids == Stage.ids(1...30))
        #expect(bob.ids == Stage.ids((1...30).filter { $0 % 3 != 2 }))
    }

    @Test
    func addressedEventsReachNobodyWhoseIssuerLetsUsersNameThemselves() {
        let stage = Stage()
        let bob = stage.open(user: "bob").outlet
        func guest(_ start: Subscription.Start) -> TestOutlet {
            let outlet = TestOutlet()
            stage.makeDirect(outlet)
            var subscription = Subscription(
                principal: Principal(issuer: "source:livekit", user: "bob"),
                filter: EventFilter(granted: .everything), start: start)
            subscription.isAddressable = false
            _ = stage.hub.subscribe(subscription, outlet: outlet)
            stage.settle()
            return outlet
        }
        let live = guest(.live)
        stage.commit([Stage.event(1), Stage.event(2, users: ["bob"]), Stage.event(3)])
        #expect(bob.ids == Stage.ids(1...3))
        #expect(live.ids == Stage.ids([1, 3]))
        #expect(guest(.oldest).ids == Stage.ids([1, 3]))
        #expect(stage.hub.subscribers(of: "bob").count == 3)
        #expect(stage.hub.subscribers(of: "bob", issuer: "source:livekit").count == 2)
    }

    @Test
    func usersWhoseNamesOnlyLookAlikeAreApart() {
        let stage = Stage()
        let names: [WireText] = ["andr\u{E9}", "andre\u{301}"]
        let outlets = names.map { stage.open(user: $0).outlet }
        stage.commit([Stage.event(1, users: [names[0]]), Stage.event(2, users: names)])
        #expect(outlets.map(\.ids) == [Stage.ids(1...2), Stage.ids(2...2)])
    }

    @Test
    func whoseConnectionBrokeIsForgottenAndNobodyElseIsDisturbed() {
        let stage = Stage()
        let outlets = (0..<4).map { _ in stage.open().outlet }
        outlets[1].isGone = true
        outlets[3].isGone = true
        stage.commit(2)
        #expect(stage.ends == [.clientClosed, .clientClosed])
        #expect(outlets[1].isClosed)
        #expect(stage.hub.count == 2)
        stage.commit()
        #expect(outlets[0].ids == Stage.ids(1...3))
        #expect(outlets[2].ids == Stage.ids(1...3))
    }

    @Test
    func streamIDsAreUniqueAmongHubs() {
        let extent = JournalExtent(trimmedThrough: .zero, head: .zero)
        let hubs = (0..<3).map { Hub(settings: HubSettings(), extent: extent, index: $0, of: 3, now: 0, wallNow: 0) }
        let ids = hubs.flatMap { hub in
            (0..<4).map { _ in hub.subscribe(.everything(), outlet: TestOutlet()).id }
        }
        #expect(Set(ids) == Set(1...12))
    }

    @Test
    func roomsWhoseNamesOnlyLookAlikeAreApart() {
        let stage = Stage()
        let names: [WireText] = ["caf\u{E9}", "cafe\u{301}"]
        let outlets = [[names[0]], [names[1]], names].map { stage.open(rooms: $0).outlet }
        for outlet in outlets { outlet.clear() }
        stage.commit(1, room: names[0])
        #expect(outlets.map(\.ids) == [Stage.ids(1...1), [], Stage.ids(1...1)])
        stage.commit(1, room: names[1])
        #expect(outlets.map(\.ids) == [Stage.ids(1...1), Stage.ids(2...2), Stage.ids(1...2)])
    }
}
