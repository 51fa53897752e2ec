import Events
import TestSupport
import Testing
import Wire

@testable import Fanout

/// Ephemeral events: who gets them, and that nothing else changes.
struct BroadcastTests {
    static func ephemeral(
        _ data: String = "x", type: WireText = "typing", room: WireText? = "call_1", by user: WireText = "bob",
        users: [WireText]? = nil
    ) -> EphemeralEvent {
        var event = Event(
            type: EventType(rawValue: type), source: ClientSource.name, provider: ClientSource.name, room: room,
            receivedAt: 1_795_201_856_000)
        event.author = Principal(issuer: "own", user: user)
        event.users = users
        event.data = EventData(verbatim: ["value": .string(WireText(data))])
        return EphemeralEvent(event)
    }

    /// The values of the ephemeral events that an outlet has taken, in order.
    static func values(_ outlet: TestOutlet) -> [String] {
        outlet.text.components(between: #"{"value":""#, and: "\"")
    }

    @Test(arguments: FormatTests.all, [true, false])
    func anEphemeralEventIsOneFrameOfTheStreamsFormat(format: StreamFormat, isDirect: Bool) throws {
        let stage = Stage()
        let (_, outlet) = stage.open(format: format, isDirect: isDirect)
        outlet.clear()
        let event = Self.ephemeral()
        stage.hub.broadcast(event)
        let json = String(decoding: event.json, as: UTF8.self)
        let name = format.isNamed ? "event: typing\n" : ""
        let frame = format.encoding == .sse ? "\(name)data: \(json)\n\n" : "\(json)\n"
        let whole = format.isChunked ? String(decoding: Chunk.around(Array(frame.utf8)), as: UTF8.self) : frame
        #expect(outlet.text == whole)
        #expect(outlet.writes == 1)
    }

    @Test func onlyStreamsWhoseFilterAdmitsItGetIt() {
        let stage = Stage()
        let wanted = [
            stage.open(), stage.open(rooms: ["call_1"]), stage.open(rooms: ["call_*"], types: ["typ*"]),
        ]
        let others = [stage.open(rooms: ["call_2"]), stage.open(types: ["participant_*"])]
        stage.hub.broadcast(Self.ephemeral())
        for (_, outlet) in wanted { #expect(Self.values(outlet) == ["x"]) }
        for (_, outlet) in others { #expect(Self.values(outlet) == []) }
        #expect(stage.hub.counters.ephemeralDeliveries == 3)
    }

    @Test func anAudienceGetsItAndNoOther() {
        let stage = Stage()
        let (_, ada) = stage.open(user: "ada")
        let (_, bob) = stage.open(user: "bob")
        let (_, narrow) = stage.open(user: "bob", rooms: ["call_2"])
        stage.hub.broadcast(Self.ephemeral(users: ["bob", "bob", "nobody"]))
        #expect(Self.values(ada) == [])
        #expect(Self.values(bob) == ["x"])
        #expect(Self.values(narrow) == [])
    }

    @Test func aUserWhoChoosesItsOwnNameIsInNoAudience() {
        let stage = Stage()
        var subscription = Subscription.everything(user: "bob")
        subscription.isAddressable = false
        let outlet = TestOutlet()
        _ = stage.hub.subscribe(subscription, outlet: outlet)
        stage.hub.broadcast(Self.ephemeral(users: ["bob"]))
        #expect(Self.values(outlet) == [])
        stage.hub.broadcast(Self.ephemeral())
        #expect(Self.values(outlet) == ["x"])
    }

    @Test func theCursorOfAStreamStays() {
        let stage = Stage()
        let (subscriber, outlet) = stage.open()
        stage.commit(3)
        let place = stage.hub.place(of: subscriber)
        let (head, ids, sent) = (stage.hub.head, outlet.lastIDs, subscriber.sentEvents)
        for _ in 0..<5 { stage.hub.broadcast(Self.ephemeral()) }
        #expect(stage.hub.place(of: subscriber) == place && stage.hub.head == head)
        #expect(outlet.lastIDs == ids && subscriber.sentEvents == sent)
        // A client that comes back with its id gets what was committed, and none of these.
        let (_, again) = stage.open(.after(Stage.id(1)))
        stage.settle()
        #expect(again.ids == Stage.ids(2...3) && Self.values(again) == [])
    }

    @Test func heartbeatsComeAsIfItWereSilent() {
        let stage = Stage()
        let (_, outlet) = stage.open()
        for _ in 0..<40 {
            stage.pass(milliseconds: 1_000)
            stage.hub.broadcast(Self.ephemeral())
        }
        #expect(outlet.text.components(between: ": heartbeat", and: "\n").count >= 2)
    }

    @Test func aSlowReaderGetsTheNewestOfEachSenderTypeAndRoom() {
        let stage = Stage()
        let (subscriber, outlet) = stage.open()
        outlet.room = 0
        stage.hub.broadcast(Self.ephemeral("first"))
        for number in 0..<1_000 {
            stage.hub.broadcast(Self.ephemeral("bob \(number)"))
            stage.hub.broadcast(Self.ephemeral("eve \(number)", by: "eve"))
            stage.hub.broadcast(Self.ephemeral("cursor \(number)", type: "cursor"))
            stage.hub.broadcast(Self.ephemeral("other \(number)", room: "call_2"))
        }
        #expect(stage.hub.heldCount == 4)
        #expect(stage.hub.counters.ephemeralDropped == 4_001 - 4)
        outlet.room = nil
        stage.hub.outletHasRoom(subscriber)
        #expect(Self.values(outlet) == ["bob 999", "eve 999", "cursor 999", "other 999"])
        #expect(stage.hub.heldCount == 0)
        stage.hub.broadcast(Self.ephemeral("after"))
        #expect(Self.values(outlet).last == "after")
    }

    @Test func whatWaitsForOneStreamIsBounded() {
        let stage = Stage()
        let (subscriber, outlet) = stage.open()
        outlet.room = 0
        for number in 0..<10_000 {
            stage.hub.broadcast(Self.ephemeral("\(number)", by: "user \(number)"))
        }
        #expect(stage.hub.heldCount == Limits.heldEphemerals)
        let large = String(repeating: "x", count: 16_000)
        for number in 0..<100 { stage.hub.broadcast(Self.ephemeral(large, by: "user \(number)")) }
        #expect(stage.hub.heldCount * 16_000 <= Limits.heldEphemeralBytes)
        stage.hub.end(subscriber, .clientClosed)
        #expect(stage.hub.heldCount == 0)
        #expect(stage.hub.counters.ephemeralDropped == 10_100)
    }

    @Test func aReaderThatIsBehindGetsTheEventsOfTheJournalFirst() {
        let stage = Stage(before: 50)
        let (_, outlet) = stage.open(.oldest)
        stage.hub.broadcast(Self.ephemeral("old"))
        stage.hub.broadcast(Self.ephemeral("new"))
        #expect(Self.values(outlet) == [])
        stage.settle()
        #expect(outlet.ids == Stage.ids(1...50))
        #expect(Self.values(outlet) == ["new"])
    }

    /// A stall at every byte: the stream stays a sequence of whole frames.
    @Test(arguments: FormatTests.all)
    func aFrameIsWholeWhereverItsWriteIsCutShort(format: StreamFormat) {
        func run(cutAfter cut: Int?) -> [UInt8] {
            let stage = Stage()
            let (subscriber, outlet) = stage.open(format: format)
            outlet.clear()
            outlet.room = cut
            stage.hub.broadcast(Self.ephemeral("1"))
            stage.commit([Stage.event(1)])
            stage.hub.broadcast(Self.ephemeral("2"))
            outlet.room = nil
            stage.hub.outletHasRoom(subscriber)
            stage.settle()
            #expect(outlet.ids == Stage.ids([1]))
            return outlet.bytes
        }
        let whole = run(cutAfter: nil)
        let first = run(cutAfter: 1).count
        for cut in 0..<whole.count {
            let bytes = run(cutAfter: cut)
            // The first may have been replaced by the second, if nothing of it was sent.
            #expect(bytes.count == whole.count || bytes.count < first, "cut after \(cut) bytes")
        }
    }

    @Test func pagesAndPollsGetNone() {
        let stage = Stage()
        var page = Subscription.everything()
        page.limitBytes = 1_000_000
        page.limitEvents = 10
        let poll = TestOutlet()
        let waiting = stage.hub.subscribe(page, outlet: poll)
        page.endsWhenCaughtUp = true
        page.start = .oldest
        stage.commitUnseen([Stage.event(1)])
        let once = TestOutlet()
        _ = stage.hub.subscribe(page, outlet: once)
        let before = waiting.sentBytes
        stage.hub.broadcast(Self.ephemeral())
        stage.settle()
        #expect(Self.values(poll) == [] && Self.values(once) == [] && waiting.sentBytes == before)
    }

    @Test func aStreamWithALimitGetsThemAndDoesNotCountThem() {
        let stage = Stage()
        var subscription = Subscription.everything()
        subscription.limitEvents = 1
        let outlet = TestOutlet()
        let subscriber = stage.hub.subscribe(subscription, outlet: outlet)
        for number in 0..<3 { stage.hub.broadcast(Self.ephemeral("\(number)")) }
        #expect(Self.values(outlet) == ["0", "1", "2"] && !subscriber.hasEnded)
        stage.commit()
        #expect(subscriber.hasEnded)
    }

    @Test func aClientThatHasLeftEndsItsStreamAlone() {
        let stage = Stage()
        let (gone, outlet) = stage.open()
        let (stays, other) = stage.open()
        outlet.isGone = true
        stage.hub.broadcast(Self.ephemeral())
        #expect(gone.hasEnded && !stays.hasEnded)
        #expect(Self.values(other) == ["x"])
        let (addressed, third) = stage.open(user: "eve")
        third.isGone = true
        stage.hub.broadcast(Self.ephemeral(users: ["eve"]))
        #expect(addressed.hasEnded)
    }
}

extension String {
    /// The texts that stand between two others.
    fileprivate func components(between start: String, and end: String) -> [String] {
        var found: [String] = []
        var rest = self[...]
        while let opening = rest.firstRange(of: start) {
            rest = rest[opening.upperBound...]
            guard let closing = rest.firstRange(of: end) else { break }
            found.append(String(rest[..<closing.lowerBound]))
            rest = rest[closing.lowerBound...]
        }
        return found
    }
}
