import Events
import Testing
import Wire

@testable import Telemetry

@Suite struct AcceptedWebhooksTests {
    private let interval = Limits.acceptedWebhooksMilliseconds
    private let webhooks = AcceptedWebhooks()

    private func add(_ source: String = "livekit", isDuplicate: Bool = false, microseconds: Int64 = 500) {
        webhooks.add(
            source: source, bytes: 100, isDuplicate: isDuplicate, microseconds: microseconds, now: time(5))
    }

    private func time(_ milliseconds: Int64) -> SteadyTime { SteadyTime(milliseconds: milliseconds) }

    private func take(_ milliseconds: Int64, isLast: Bool = false) -> [(source: String, sum: AcceptedWebhooks.Sum)] {
        webhooks.take(now: time(milliseconds), isLast: isLast)
    }

    @Test func theFirstOneIsDueAtOnceAndTheNextOnesAreAddedUp() throws {
        add()
        #expect(take(0).map(\.sum.webhooks) == [1])
        add(microseconds: 900)
        add(isDuplicate: true)
        #expect(take(interval - 1).isEmpty)
        let sum = try #require(take(interval).first?.sum)
        #expect((sum.webhooks, sum.duplicates, sum.bytes, sum.slowestMicroseconds) == (2, 1, 200, 900))
        #expect(sum.since == time(5))
        #expect(take(2 * interval).isEmpty)
    }

    @Test func eachSourceHasASumAndAnIntervalOfItsOwn() {
        add("livekit")
        #expect(take(0).map(\.source) == ["livekit"])
        add("livekit")
        add("daily")
        #expect(take(1).map(\.source) == ["daily"])
        #expect(take(interval).map(\.source) == ["livekit"])
    }

    @Test func aSourceThatWasQuietForAnIntervalIsDueAtOnceAgain() {
        add()
        _ = take(0)
        #expect(take(interval).isEmpty)
        add()
        #expect(take(interval + 1).map(\.sum.webhooks) == [1])
    }

    @Test func theEndTakesWhatIsNotDueYet() {
        add()
        _ = take(0)
        add()
        #expect(take(1, isLast: true).map(\.sum.webhooks) == [1])
        #expect(take(2, isLast: true).isEmpty)
    }
}
