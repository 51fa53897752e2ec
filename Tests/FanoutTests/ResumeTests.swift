import Events
import Testing
import Wire

@testable import Fanout

struct ResumeTests {
    /// The log has 40 events, of which 1 to 10 are trimmed and the hub's memory holds 21 to 40.
    private func stage() -> Stage {
        let stage = Stage(settings: HubSettings(ringEvents: 20))
        stage.commit(40)
        stage.trimmedThrough = Stage.id(10)
        stage.commit([])
        return stage
    }

    private func expectLive(_ outlet: TestOutlet, _ stage: Stage) {
        outlet.clear()
        stage.commit()
        #expect(outlet.ids == Stage.ids([41]))
        #expect(outlet.writes == 1)
    }

    @Test(arguments: [20, 21, 30, 39, 40])
    func cursorWithinMemoryResumesWithoutARead(from number: Int) {
        let stage = stage()
        let outlet = stage.open(.after(Stage.id(number))).outlet
        stage.settle()
        #expect(outlet.ids == Stage.ids(number + 1..<41))
        #expect(!outlet.text.contains("resync"))
        #expect(stage.hub.counters.pageReads == 0)
        expectLive(outlet, stage)
    }

    @Test(arguments: [10, 11, 15, 19])
    func olderCursorResumesFromPages(from number: Int) {
        let stage = stage()
        let outlet = stage.open(.after(Stage.id(number))).outlet
        stage.settle()
        #expect(outlet.ids == Stage.ids(number + 1..<41))
        #expect(!outlet.text.contains("resync"))
        #expect(stage.hub.counters.pageReads > 0)
        expectLive(outlet, stage)
    }

    @Test
    func whatTheLogForgotIsNotToldFromMemoryEither() {
        let stage = stage()
        stage.trimmedThrough = Stage.id(30)
        stage.commit([])
        let fresh = stage.open(.oldest).outlet
        let late = stage.open(.after(Stage.id(25))).outlet
        stage.settle()
        #expect(fresh.ids == Stage.ids(31...40))
        #expect(late.text.contains(#""reason":"expired""#))
        #expect(late.ids == Stage.ids(31...40))
    }

    @Test(arguments: [Subscription.Start.oldest, .after(.zero)])
    func zeroMeansFromTheOldestKept(start: Subscription.Start) {
        let stage = stage()
        let outlet = stage.open(start).outlet
        stage.settle()
        #expect(outlet.ids == Stage.ids(11...40))
        #expect(!outlet.text.contains("resync"))
    }

    static let strange: [(Subscription.Start, String)] = [
        (.malformed, "malformed"),
        (.after(Stage.id(9)), "expired"),
        (.after(EventID(milliseconds: 15, sequence: 1)), "unknown"),
        (.after(EventID(milliseconds: 30, sequence: 1)), "unknown"),
        (.after(EventID(milliseconds: 99, sequence: 0)), "unknown"),
        (.after(EventID(milliseconds: EventID.largestMilliseconds, sequence: EventID.largestSequence)), "unknown"),
    ]

    @Test(arguments: strange)
    func strangeCursorGetsResyncThenWhatIsKept(start: Subscription.Start, reason: String) throws {
        let stage = stage()
        let outlet = stage.open(start).outlet
        stage.settle()
        #expect(outlet.ids == Stage.ids(11...40))
        let text = outlet.text
        let resync = try #require(
            text.firstRange(of: #"data: {"type":"resync","reason":"\#(reason)","oldestId":"10-0"}"# + "\n\n"))
        let first = try #require(text.firstRange(of: "id: 11-0\n"))
        #expect(resync.upperBound <= first.lowerBound)
        #expect(stage.hub.counters.resyncs == 1)
        expectLive(outlet, stage)
    }

    /// A client that was served by another loop may know an event before this one does.
    @Test
    func genuineIDThatIsNotPublishedHereYetWaitsForItsSuccessors() {
        let stage = Stage()
        stage.commit(5)
        stage.commitUnseen([Stage.event(6), Stage.event(7)])
        let outlet = stage.open(.after(Stage.id(6))).outlet
        let trusting = stage.open(.trusted(Stage.id(7))).outlet
        stage.settle()
        #expect(outlet.ids == [])
        stage.hub.publish([Stage.event(6)], extent: stage.extent)
        stage.settle()
        #expect(outlet.ids == [])
        stage.hub.publish([Stage.event(7), Stage.event(8)], extent: stage.extent)
        stage.settle()
        #expect(outlet.ids == Stage.ids([7, 8]))
        #expect(trusting.ids == Stage.ids([8]))
        #expect(stage.hub.counters.resyncs == 0)
        stage.hub.publish([Stage.event(9)], extent: stage.extent)
        #expect(outlet.ids == Stage.ids([7, 8, 9]))
        #expect(trusting.ids == Stage.ids([8, 9]))
    }

    @Test
    func pageReachingBeyondThePublishedHeadDoublesNothing() {
        let stage = Stage(before: 12, settings: HubSettings())
        stage.commitUnseen([Stage.event(13), Stage.event(14)])
        stage.pageEvents = 20
        let outlet = stage.open(.oldest).outlet
        stage.settle()
        #expect(outlet.ids == Stage.ids(1...14))
        stage.hub.publish([Stage.event(13), Stage.event(14), Stage.event(15)], extent: stage.extent)
        #expect(outlet.ids == Stage.ids(1...15))
    }

    @Test
    func publishedWhileAPageIsReadComesAfterThePage() {
        let stage = Stage(before: 12, settings: HubSettings(ringEvents: 4))
        let outlet = stage.open(.oldest).outlet
        stage.hub.runTurn()
        let early = stage.page(after: .zero)
        stage.commit(30)
        stage.reads = []
        stage.hub.pageArrived(early, after: .zero)
        stage.settle()
        #expect(outlet.ids == Stage.ids(1...42))
    }

    @Test
    func failedReadIsTriedAgainAtTheNextTick() {
        let stage = Stage(before: 12)
        let outlet = stage.open(.oldest).outlet
        stage.hub.runTurn()
        stage.reads = []
        stage.hub.pageArrived(nil, after: .zero)
        stage.settle()
        #expect(outlet.ids == [])
        #expect(stage.hub.counters.pageReads == 1)
        stage.pass(milliseconds: 250)
        stage.settle()
        #expect(outlet.ids == Stage.ids(1...12))
    }

    @Test
    func thoseWhoStandAtOnePlaceShareOneRead() {
        let stage = Stage(before: 10)
        let outlets = (0..<20).map { _ in stage.open(.oldest).outlet }
        stage.settle()
        #expect(stage.hub.counters.pageReads == 1)
        for outlet in outlets { #expect(outlet.ids == Stage.ids(1...10)) }
    }

    @Test
    func thoseWhoComeBackWithManyIdsShareAFewReads() {
        let stage = Stage(before: 200)
        stage.pageEvents = 50
        let outlets = (1...200).map { stage.open(.after(Stage.id($0))).outlet }
        stage.settle()
        for (index, outlet) in outlets.enumerated() {
            #expect(outlet.ids == Stage.ids((index + 2)..<201))
            #expect(!outlet.text.contains("resync"))
        }
        // Each for itself would read more than two pages.
        #expect(stage.hub.counters.pageReads <= 20)
    }

    @Test
    func anIdThatIsMissingFromASharedPageIsToldAsUnknown() {
        let stage = Stage(before: 30)
        let known = stage.open(.after(Stage.id(3))).outlet
        let foreign = stage.open(.after(EventID(milliseconds: 5, sequence: 7))).outlet
        stage.settle()
        #expect(known.ids == Stage.ids(4...30))
        #expect(foreign.text.contains(#""reason":"unknown""#))
        #expect(foreign.ids == Stage.ids(1...30))
    }

    @Test
    func onlyAFewReadsAreUnderWayAtATime() {
        let stage = Stage(before: 40)
        let outlets = (1...20).map { stage.open(.after(Stage.id($0))).outlet }
        while stage.hub.needsTurn { stage.hub.runTurn() }
        #expect(stage.reads.count == Limits.waitingPages)
        stage.settle()
        for (index, outlet) in outlets.enumerated() { #expect(outlet.ids == Stage.ids(index + 2..<41)) }
    }

    /// A page read after the log was trimmed begins behind a gap; one that others asked for must not hide it.
    @Test
    func pageFromBehindATrimmingServesNobodyFromBeforeIt() {
        let stage = Stage(before: 40)
        stage.pageEvents = 3
        let slow = stage.open(.oldest).outlet
        stage.hub.runTurn()
        stage.hub.pageArrived(stage.page(after: .zero), after: .zero)
        stage.hub.runTurn()
        stage.reads = []
        slow.room = 0
        stage.hub.pageArrived(stage.page(after: Stage.id(3)), after: Stage.id(3))
        stage.hub.runTurn()
        // It stands after 3, in front of what is trimmed now. Another one asks for what comes after 2.
        stage.trimmedThrough = Stage.id(20)
        let other = stage.open(.after(Stage.id(2))).outlet
        stage.settle()
        slow.room = nil
        for subscriber in stage.hub.subscribers(of: "ada") { stage.hub.outletHasRoom(subscriber) }
        stage.settle()
        #expect(other.text.contains(#""reason":"expired","oldestId":"20-0""#))
        #expect(slow.text.contains(#""reason":"expired","oldestId":"20-0""#))
        #expect(other.ids == Stage.ids(21...40))
        #expect(slow.ids == Stage.ids(Array(1...3) + Array(21...40)))
    }

    @Test
    func readerWhoFellBehindRetentionGetsResyncThenWhatIsKept() {
        let stage = Stage(settings: HubSettings(ringEvents: 5))
        let (subscriber, outlet) = stage.open()
        outlet.room = 0
        stage.commit(30)
        stage.trimmedThrough = Stage.id(20)
        outlet.room = nil
        stage.hub.outletHasRoom(subscriber)
        stage.settle()
        #expect(outlet.ids == Stage.ids(21...30))
        #expect(outlet.text.contains(#""type":"resync","reason":"expired","oldestId":"20-0""#))
    }

    @Test
    func whoIsBehindTakesTurnsWithOthers() {
        let stage = Stage(settings: HubSettings())
        stage.commit(800)
        let outlets = (0..<100).map { _ in stage.open(.oldest).outlet }
        let live = stage.open().outlet
        stage.hub.runTurn()
        let served = outlets.filter { !$0.ids.isEmpty }
        #expect(served.count < 100)
        #expect(stage.hub.needsTurn)
        live.clear()
        stage.commit()
        #expect(live.ids == Stage.ids([801]))
        stage.settle()
        for outlet in outlets { #expect(outlet.ids.count == 801) }
    }
}
