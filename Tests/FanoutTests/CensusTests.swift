import Events
import TestSupport
import Testing
import Wire

@testable import Fanout

struct CensusTests {
    @Test func nobodyIsNobody() {
        #expect(Stage().hub.census() == Census())
        #expect(Stage().hub.isAllLive)
    }

    @Test func streamsAreCountedByHowTheyStand() {
        let stage = Stage(before: 30)
        let live = TestOutlet()
        let stalled = TestOutlet()
        let behind = TestOutlet()
        _ = stage.hub.subscribe(Subscription(user: "a", filter: EventFilter(granted: .everything)), outlet: live)
        let slow = stage.hub.subscribe(
            Subscription(user: "b", filter: EventFilter(granted: .everything)), outlet: stalled)
        stalled.room = 0
        stage.commit(1)
        _ = stage.hub.subscribe(
            Subscription(user: "c", filter: EventFilter(granted: .everything), start: .oldest), outlet: behind)
        var census = stage.hub.census()
        #expect(census.live == 1 && census.behind == 1 && census.waiting == 1)
        #expect(!stage.hub.isAllLive)
        stage.settle()
        stage.hub.end(slow, .clientClosed)
        census = stage.hub.census()
        #expect(census.live == 2 && census.behind == 0 && census.waiting == 0)
        #expect(stage.hub.isAllLive && census.slowestLagMilliseconds == 0)
    }

    @Test func theLagIsTheAgeOfTheOldestEventThatIsOwed() {
        let stage = Stage()
        let stalled = TestOutlet()
        _ = stage.hub.subscribe(Subscription(user: "a", filter: EventFilter(granted: .everything)), outlet: stalled)
        stalled.room = 0
        stage.commit(3)
        // Event ids of the stage date from 1970: the first of them is a millisecond old then.
        #expect(stage.hub.census().slowestLagMilliseconds == stage.hub.wallNow - 1)
    }

    @Test func startsRingReadsAndEventsOfAStreamAreCounted() {
        let stage = Stage()
        stage.commit(4)
        let outlet = TestOutlet()
        let subscriber = stage.hub.subscribe(
            Subscription(user: "a", filter: EventFilter(granted: .everything), start: .oldest), outlet: outlet)
        stage.settle()
        stage.commit(2)
        #expect(stage.hub.counters.accepted == 1)
        #expect(stage.hub.counters.ringReads == 1 && stage.hub.counters.pageReads == 0)
        #expect(subscriber.sentEvents == 6)
    }
}
