import Events
import TestSupport
import Testing
import Wire

@testable import Fanout

struct ClockTests {
    @Test
    func heartbeatComesOnlyAfterAnIdleInterval() {
        let stage = Stage()
        let outlet = stage.open().outlet
        stage.pass(milliseconds: 13_000)
        outlet.clear()
        stage.commit()
        stage.pass(milliseconds: 13_000)
        #expect(!outlet.text.contains("heartbeat"))
        stage.pass(milliseconds: 2_250)
        #expect(outlet.text.hasSuffix("\n\n: heartbeat\n\n"))
        #expect(stage.hub.counters.heartbeats == 1)
        stage.pass(milliseconds: 60_000)
        #expect((5...6).contains(stage.hub.counters.heartbeats))
    }

    @Test(arguments: [
        (FormatTests.sse, false, ": heartbeat\n\n"),
        (FormatTests.ndjson, false, "{\"type\":\"heartbeat\",\"lastEventId\":\"0-1\",\"listeners\":1}\n"),
        (FormatTests.sse, true, "id: 0-1\ndata: {\"type\":\"heartbeat\",\"lastEventId\":\"0-1\",\"listeners\":1}\n\n"),
        (
            FormatTests.named, true,
            "event: heartbeat\nid: 0-1\ndata: {\"type\":\"heartbeat\",\"lastEventId\":\"0-1\",\"listeners\":1}\n\n"
        ),
        (FormatTests.ndjson, true, "{\"type\":\"heartbeat\",\"lastEventId\":\"0-1\",\"listeners\":1}\n"),
    ])
    func heartbeatHasTheFormOfItsStream(format: StreamFormat, isEvent: Bool, text: String) {
        let stage = Stage()
        let outlet = TestOutlet()
        var subscription = Subscription.everything()
        subscription.format = format
        subscription.heartbeatIsEvent = isEvent
        _ = stage.hub.subscribe(subscription, outlet: outlet)
        outlet.clear()
        stage.pass(milliseconds: 15_250)
        #expect(outlet.text == text)
    }

    @Test
    func heartbeatsOfStreamsWrittenToTogetherAreSpread() {
        let stage = Stage()
        for _ in 0..<800 { _ = stage.open() }
        stage.pass(milliseconds: 3_000)
        stage.commit()
        var most: UInt64 = 0
        for _ in 0..<60 {
            let before = stage.hub.counters.heartbeats
            stage.pass(milliseconds: 250)
            most = max(most, stage.hub.counters.heartbeats - before)
        }
        #expect(stage.hub.counters.heartbeats == 800)
        #expect(most < 200)
    }

    @Test
    func tokenIsAnnouncedThenExpiresAndTheStreamEnds() {
        let stage = Stage()
        let outlet = TestOutlet()
        var subscription = Subscription.everything()
        subscription.expiresAt = stage.wall + 90_000
        _ = stage.hub.subscribe(subscription, outlet: outlet)
        stage.pass(milliseconds: 59_750)
        #expect(!outlet.text.contains("token_"))
        stage.pass(milliseconds: 500)
        #expect(outlet.text.contains(#"data: {"type":"token_expiring","expiresAt":""#))
        stage.pass(milliseconds: 29_000)
        #expect(!outlet.isClosed)
        stage.pass(milliseconds: 1_000)
        #expect(outlet.text.contains(#"data: {"type":"token_expired","expiresAt":""#))
        #expect(outlet.text.split(separator: "token_expiring").count == 2)
        #expect(outlet.isClosed)
        #expect(stage.ends == [.tokenExpired])
    }

    @Test
    func tokenThatEndsSoonIsAnnouncedAtOnceAndAnEndedOneEndsTheStream() {
        let stage = Stage()
        let soon = TestOutlet()
        let over = TestOutlet()
        var subscription = Subscription.everything()
        subscription.expiresAt = stage.wall + 10_000
        _ = stage.hub.subscribe(subscription, outlet: soon)
        subscription.expiresAt = stage.wall - 1
        _ = stage.hub.subscribe(subscription, outlet: over)
        stage.pass(milliseconds: 500)
        #expect(soon.text.contains("token_expiring"))
        #expect(over.text.contains("token_expired"))
        #expect(over.isClosed)
    }

    @Test
    func renewedTokenKeepsTheStream() {
        let stage = Stage()
        let outlet = TestOutlet()
        var subscription = Subscription.everything()
        subscription.expiresAt = stage.wall + 20_000
        let subscriber = stage.hub.subscribe(subscription, outlet: outlet)
        stage.pass(milliseconds: 10_000)
        let end = stage.wall + 100_000
        #expect(stage.hub.renew(subscriber, until: end) == end)
        stage.pass(milliseconds: 60_000)
        #expect(outlet.text.split(separator: "token_expiring").count == 2)
        stage.pass(milliseconds: 15_000)
        #expect(outlet.text.split(separator: "token_expiring").count == 3)
        #expect(stage.hub.renew(subscriber, until: stage.wall) != stage.wall, "an older token shortened the stream")
        #expect(stage.hub.renew(subscriber, until: nil) == nil)
        stage.pass(milliseconds: 200_000)
        #expect(!outlet.isClosed)
    }

    @Test
    func renewedStreamIsFoundByItsFreshTokensMark() {
        let stage = Stage()
        var subscription = Subscription.everything()
        subscription.expiresAt = stage.wall + 20_000
        subscription.mark = 7
        let subscriber = stage.hub.subscribe(subscription, outlet: TestOutlet())
        _ = stage.open()
        #expect(stage.hub.streams(marked: 7).map(\.id) == [subscriber.id])
        _ = stage.hub.renew(subscriber, until: stage.wall + 10_000, mark: 8)
        #expect(stage.hub.streams(marked: 8).isEmpty)
        _ = stage.hub.renew(subscriber, until: stage.wall + 30_000, mark: 8)
        #expect(stage.hub.streams(marked: 7).isEmpty)
        #expect(stage.hub.streams(marked: 8).map(\.id) == [subscriber.id])
        #expect(stage.hub.streams(marked: 0).isEmpty, "no mark is nobody's mark")
    }

    @Test
    func stalledStreamEndsWithItsToken() {
        let stage = Stage()
        let outlet = TestOutlet()
        var subscription = Subscription.everything()
        subscription.expiresAt = stage.wall + 40_000
        _ = stage.hub.subscribe(subscription, outlet: outlet)
        outlet.room = 0
        stage.commit()
        stage.pass(milliseconds: 41_000)
        #expect(outlet.isClosed)
        #expect(stage.ends == [.tokenExpired])
    }

    @Test(arguments: [.distantFuture, WallTime(milliseconds: .min), 0])
    func anyExpiryThatATokenMayClaimIsTaken(expiresAt: WallTime) {
        let stage = Stage()
        let outlet = TestOutlet()
        var subscription = Subscription.everything()
        subscription.expiresAt = expiresAt
        _ = stage.hub.subscribe(subscription, outlet: outlet)
        stage.pass(milliseconds: 1_000)
        #expect(outlet.isClosed == (expiresAt <= 0))
    }

    @Test
    func drainingSaysGoodbyeToAFewAtATime() {
        let stage = Stage()
        let outlets = (0..<10).map { _ in stage.open().outlet }
        #expect(stage.hub.drain(upTo: 4, spreadMilliseconds: 5_000) == 6)
        #expect(outlets.filter(\.isClosed).count == 4)
        #expect(stage.hub.drain(upTo: 100, spreadMilliseconds: 5_000) == 0)
        for outlet in outlets {
            let end = outlet.text.split(separator: "\n\n").last ?? ""
            let lines = end.split(separator: "\n")
            let retry = lines.first.flatMap { Int($0.dropFirst("retry: ".count)) } ?? 0
            #expect((3_000...8_000).contains(retry))
            #expect(lines.last == #"data: {"type":"draining","retryMs":\#(retry)}"#)
        }
        #expect(stage.ends == Array(repeating: .draining, count: 10))
    }

    @Test(arguments: [1, 7, 25])
    func streamWithALimitEndsAfterThatManyEvents(limit: Int) {
        let stage = Stage()
        stage.commit(10)
        let outlet = TestOutlet()
        var subscription = Subscription.everything(from: .oldest)
        subscription.limitEvents = limit
        _ = stage.hub.subscribe(subscription, outlet: outlet)
        stage.settle()
        for _ in 0..<4 { stage.commit(5) }
        stage.settle()
        #expect(outlet.ids == Stage.ids(1...limit))
        #expect(outlet.isClosed)
        #expect(stage.ends == [.limitReached])
    }

    @Test
    func limitCountsAnEventCutShortOnceAndSendsItWhole() {
        let stage = Stage()
        let outlet = TestOutlet()
        var subscription = Subscription.everything()
        subscription.limitEvents = 1
        let subscriber = stage.hub.subscribe(subscription, outlet: outlet)
        outlet.room = 20
        stage.commit(3)
        #expect(!outlet.isClosed)
        outlet.room = nil
        stage.hub.outletHasRoom(subscriber)
        #expect(outlet.ids == ["1-0"])
        #expect(outlet.text.hasSuffix("\n\n"))
        #expect(outlet.isClosed)
    }

    @Test(arguments: [0, 1, 30])
    func streamThatDoesNotWaitEndsWhenItHasCaughtUp(events: Int) {
        let stage = Stage(before: events)
        let outlet = TestOutlet()
        var subscription = Subscription.everything(from: .oldest)
        subscription.endsWhenCaughtUp = true
        _ = stage.hub.subscribe(subscription, outlet: outlet)
        stage.settle()
        #expect(outlet.ids.count == events)
        #expect(outlet.isClosed)
        #expect(stage.ends == [.caughtUp])
    }
}
