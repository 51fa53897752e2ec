import Events
import Testing
import Wire

@testable import Fanout

/// Where a stream's client may come back: nothing lost, nothing doubled, and no id of an event that it may not see.
struct PlaceTests {
    /// The place of all events of this second.
    private func place(_ second: Int) -> String { "\(second * 1000 - 1)-\(EventID.largestSequence)" }

    private func other(_ number: Int) -> JournalEvent { Stage.event(number, room: "other") }

    @Test
    func placeOfAnEventIsTheLastIDBeforeItsSecond() {
        #expect(Stage.id(5_000).place.description == "4999-1048575")
        #expect(Stage.id(5_999).place.description == "4999-1048575")
        #expect(EventID(milliseconds: 5_000, sequence: 7).place.description == "4999-1048575")
        #expect(Stage.id(999).place == .beginning)
        #expect(Stage.id(5_000).place.isPlace(before: Stage.id(5_999)))
        #expect(!Stage.id(5_000).place.isPlace(before: Stage.id(6_000)))
        #expect(!Stage.id(4_999).isPlace(before: Stage.id(5_000)))
        #expect(!EventID.zero.isPlace(before: .zero))
    }

    @Test
    func newStreamIsToldThePlaceOfTheHeadAndNoIDOfAnEventThatItMayNotSee() {
        let stage = Stage()
        stage.commit([other(5_300), other(5_600)])
        let sse = stage.open(rooms: ["call_1"]).outlet
        let lines = stage.open(rooms: ["call_1"], format: FormatTests.ndjson).outlet
        #expect(sse.lastIDs == [place(5)])
        for outlet in [sse, lines] {
            #expect(outlet.text.contains(#""newestId":"\#(place(5))","lastEventId":"\#(place(5))""#))
            #expect(!outlet.text.contains("5600-0") && !outlet.text.contains("5300-0"))
        }
    }

    @Test
    func newStreamIsToldTheLastEventOfTheSecondThatItMaySeeSoThatItIsNotSentLater() {
        let stage = Stage()
        stage.commit([Stage.event(5_100), Stage.event(5_300), other(5_600)])
        let outlet = stage.open(rooms: ["call_1"]).outlet
        #expect(outlet.lastIDs == ["5300-0"])
        let returned = stage.open(.after(Stage.id(5_300)), rooms: ["call_1"]).outlet
        stage.settle()
        #expect(returned.ids == [])
    }

    @Test
    func streamThatReceivedNothingComesBackToAllThatFollowed() throws {
        for before in [[], [other(4_900), other(5_100)]] {
            let stage = Stage()
            stage.commit(before)
            let first = stage.open(rooms: ["call_1"]).outlet
            let last = try #require(first.lastIDs.last.flatMap(EventID.init))
            stage.commit((5_200..<5_221).map { Stage.event($0) })
            let returned = stage.open(.after(last), rooms: ["call_1"]).outlet
            stage.settle()
            #expect(returned.ids == Stage.ids(5_200..<5_221))
            #expect(!returned.text.contains("resync"))
        }
    }

    @Test
    func heartbeatMovesTheIDAlongWithTheLogAndNeverBack() {
        let stage = Stage()
        let outlet = stage.open(rooms: ["call_1"]).outlet
        outlet.clear()
        stage.commit([other(5_300)])
        stage.pass(milliseconds: 15_250)
        #expect(outlet.text == ": heartbeat\nid: \(place(5))\n\n")
        stage.commit([Stage.event(5_400), other(5_500)])
        outlet.clear()
        stage.pass(milliseconds: 15_250)
        #expect(outlet.text == ": heartbeat\n\n", "the id of the event is the client's already, and above the place")
        stage.commit([other(9_100)])
        outlet.clear()
        stage.pass(milliseconds: 15_250)
        #expect(outlet.lastIDs == [place(9)])
    }

    /// It asked for nothing that was removed, and `0` would not tell it.
    @Test(arguments: [Subscription.Start.live, .oldest])
    func streamOfAnEmptyLogHearsOfWhatWasRemovedBeforeItCameBack(start: Subscription.Start) throws {
        let stage = Stage()
        let last = try #require(stage.open(start).outlet.lastIDs.last.flatMap(EventID.init))
        stage.commit((1...5).map { Stage.event($0 * 1_000) })
        let early = stage.open(.after(last)).outlet
        stage.settle()
        #expect(early.ids == Stage.ids([1_000, 2_000, 3_000, 4_000, 5_000]))
        #expect(!early.text.contains("resync"))
        stage.trimmedThrough = Stage.id(2_000)
        stage.commit([])
        let late = stage.open(.after(last)).outlet
        stage.settle()
        #expect(late.text.contains(#""reason":"expired""#))
        #expect(late.ids == Stage.ids([3_000, 4_000, 5_000]))
    }

    @Test
    func quietStreamMissesNothingAndIsNotToldSoWhenTheLogIsTrimmed() throws {
        let stage = Stage()
        let outlet = stage.open(rooms: ["call_1"]).outlet
        stage.commit((1...40).map { other($0 * 1_000) })
        stage.trimmedThrough = Stage.id(39_000)
        stage.commit([])
        stage.pass(milliseconds: 15_250)
        var last = try #require(outlet.lastIDs.last.flatMap(EventID.init))
        #expect(last.description == place(40))
        var returned = stage.open(.after(last), rooms: ["call_1"]).outlet
        stage.settle()
        #expect(!returned.text.contains("resync"))
        stage.trimmedThrough = Stage.id(40_000)
        stage.commit([])
        stage.pass(milliseconds: 15_250)
        last = try #require(outlet.lastIDs.last.flatMap(EventID.init))
        returned = stage.open(.after(last), rooms: ["call_1"]).outlet
        stage.settle()
        #expect(!returned.text.contains("resync"))
    }

    @Test(arguments: [20, 1])
    func placeOfAnotherLogIsUnknownAndOneOfThisLogIsNot(ringEvents: Int) {
        let stage = Stage(settings: HubSettings(ringEvents: ringEvents))
        stage.commit([3_500, 5_500, 8_500].map { Stage.event($0) })
        for (number, following) in [(3_500, [3_500, 5_500, 8_500]), (5_500, [5_500, 8_500]), (8_500, [8_500])] {
            let outlet = stage.open(.after(Stage.id(number).place)).outlet
            stage.settle()
            #expect(outlet.ids == Stage.ids(following))
            #expect(!outlet.text.contains("resync"))
        }
        for number in [4_500, 7_500, 9_500] {
            let outlet = stage.open(.after(Stage.id(number).place)).outlet
            stage.settle()
            #expect(outlet.text.contains(#""reason":"unknown""#))
            #expect(outlet.lastIDs.contains("0-1"), "the place after a resync")
        }
    }

    @Test
    func streamFromATimeIsToldAPlaceAndNotTheEventBeforeIt() {
        let stage = Stage(before: 0, settings: HubSettings(ringEvents: 1))
        stage.commit([other(5_300), other(5_500), Stage.event(7_100)])
        let outlet = stage.open(.trusted(Stage.id(5_300)), rooms: ["call_1"]).outlet
        #expect(outlet.lastIDs.first == place(5))
    }

    @Test
    func streamBehindTheHeadIsToldOnlyWhatItHas() {
        let stage = Stage()
        let (_, outlet) = stage.open()
        stage.commit([Stage.event(5_100)])
        outlet.room = 10
        stage.commit([Stage.event(9_100)])
        outlet.room = nil
        let subscriber = stage.hub.subscribers(of: "ada")[0]
        #expect(stage.hub.place(of: subscriber) == Stage.id(9_100), "what is unsent of it comes before anything else")
        stage.commit([Stage.event(12_100)])
        #expect(stage.hub.place(of: subscriber) == Stage.id(9_100))
        stage.hub.outletHasRoom(subscriber)
        stage.settle()
        #expect(stage.hub.place(of: subscriber) == Stage.id(12_100))
    }
}
