import Events
import Testing
import Wire

@testable import Fanout

struct SlowReaderTests {
    /// Four events in one turn, one of them addressed, the second turn after a stall at every byte of the first.
    @Test(arguments: FormatTests.all)
    func nothingIsLostOrDoubledWhereverAWriteIsCutShort(format: StreamFormat) {
        func run(cutAfter cut: Int?) -> (events: [UInt8], all: [UInt8]) {
            let stage = Stage()
            let (subscriber, outlet) = stage.open(format: format)
            let opening = outlet.bytes.count
            outlet.room = cut
            stage.commit([Stage.event(1, raw: #"{"a":1}"#), Stage.event(2), Stage.event(3, raw: "[]")])
            stage.commit([Stage.event(4, users: ["ada"])])
            while outlet.room != nil {
                // One byte at first, then everything.
                outlet.room = outlet.room == 0 && outlet.bytes.count == opening + (cut ?? 0) ? 1 : nil
                stage.hub.outletHasRoom(subscriber)
                stage.settle()
            }
            #expect(stage.hub.counters.deliveries == 4)
            return (Array(outlet.bytes[opening...]), outlet.bytes)
        }
        let whole = run(cutAfter: nil).events
        for cut in 0...whole.count { #expect(run(cutAfter: cut).events == whole, "cut after \(cut) bytes") }
    }

    @Test
    func openingIsDeliveredWholeHoweverItIsCut() {
        let stage = Stage()
        var subscription = Subscription.everything()
        subscription.preamble = Array("head\n".utf8)
        for cut in 0..<60 {
            let outlet = TestOutlet()
            outlet.room = cut
            let subscriber = stage.hub.subscribe(subscription, outlet: outlet)
            stage.commit()
            outlet.room = nil
            stage.hub.outletHasRoom(subscriber)
            stage.settle()
            #expect(outlet.text.hasPrefix("head\nretry: "))
            #expect(outlet.ids == Stage.ids([cut + 1]))
            stage.hub.end(subscriber, .clientClosed)
        }
    }

    @Test
    func stalledReaderIsNotTriedAgainBeforeItHasRoom() {
        let stage = Stage()
        let (_, outlet) = stage.open()
        outlet.room = 10
        stage.commit()
        let writes = outlet.writes
        stage.commit(50)
        stage.settle()
        stage.pass(milliseconds: 60_000)
        #expect(outlet.writes == writes)
        #expect(outlet.waits == 1)
    }

    @Test(arguments: [3, 100])
    func stalledReaderReceivesEverythingOnceAndInOrder(ringEvents: Int) {
        let stage = Stage(settings: HubSettings(ringEvents: ringEvents))
        let (subscriber, outlet) = stage.open(rooms: ["call_1"])
        outlet.room = 30
        for number in 1...60 { stage.commit(1, room: number.isMultiple(of: 2) ? "call_2" : "call_1") }
        outlet.room = 500
        for _ in 0..<100 {
            stage.hub.outletHasRoom(subscriber)
            stage.settle()
            outlet.room = 500
        }
        #expect(outlet.ids == Stage.ids(stride(from: 1, to: 60, by: 2)))
        stage.commit(1)
        #expect(outlet.ids.last == "61-0")
    }

    /// Stalled readers are a cursor and at most one event each.
    @Test
    func stalledReaderHoldsNoMoreThanTheEventItWasGivenInPart() {
        let stage = Stage(settings: HubSettings(ringEvents: 10))
        let (subscriber, outlet) = stage.open()
        outlet.room = 30
        stage.commit(500)
        #expect(subscriber.unsent.count == 1)
        #expect(subscriber.page == nil)
        #expect(subscriber.cursor == Stage.id(1))
    }

    @Test
    func controlFramesKeepTheirPlaceBehindWhatIsUnsent() {
        let stage = Stage()
        let outlet = TestOutlet()
        var subscription = Subscription.everything()
        subscription.expiresAt = stage.wall + 60_000
        let subscriber = stage.hub.subscribe(subscription, outlet: outlet)
        outlet.clear()
        outlet.room = 5
        stage.commit(2)
        stage.pass(milliseconds: 35_000)
        outlet.room = nil
        stage.hub.outletHasRoom(subscriber)
        stage.settle()
        let blocks = outlet.text.split(separator: "\n\n")
        #expect(blocks.count == 3)
        #expect(blocks.first?.hasPrefix("id: 1-0\n") == true)
        #expect(blocks.dropFirst().first?.hasPrefix(#"data: {"type":"token_expiring""#) == true)
        #expect(blocks.last?.hasPrefix("id: 2-0\n") == true)
    }

    @Test
    func whoLeavesWhileStalledOrWhileAPageIsReadIsForgotten() {
        let stage = Stage(before: 20)
        let stalled = stage.open()
        stalled.outlet.room = 0
        stage.commit()
        let reading = stage.open(.oldest)
        stage.hub.runTurn()
        stage.hub.end(stalled.subscriber, .clientClosed)
        stage.hub.end(reading.subscriber, .clientClosed)
        stage.hub.outletHasRoom(stalled.subscriber)
        stage.settle()
        stage.commit()
        stage.pass(milliseconds: 60_000)
        #expect(stage.hub.count == 0)
        #expect(stage.ends.count == 2)
        #expect(reading.outlet.ids == [])
        #expect(stage.hub.groups.all.isEmpty)
        #expect(stage.hub.byUser.isEmpty)
    }
}
