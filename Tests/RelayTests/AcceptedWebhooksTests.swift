import Events
import Testing

@testable import Relay

@Suite struct AcceptedWebhooksTests {
    private let interval = Limits.acceptedWebhooksMilliseconds
    private let webhooks = AcceptedWebhooks()

    private func add(_ source: String = "livekit", isDuplicate: Bool = false, microseconds: Int64 = 500) {
        webhooks.add(
            source: source, bytes: 100, isDuplicate: isDuplicate, startedMicroseconds: 1_000,
            now: 1_000 + microseconds)
    }

    @Test func theFirstOneIsDueAtOnceAndTheNextOnesAreAddedUp() throws {
        add()
        #expect(webhooks.take(now: 0).map(\.sum.webhooks) == [1])
        add(microseconds: 900)
        add(isDuplicate: true)
        #expect(webhooks.take(now: interval - 1).isEmpty)
        let sum = try #require(webhooks.take(now: interval).first?.sum)
        #expect((sum.webhooks, sum.duplicates, sum.bytes, sum.slowestMicroseconds) == (2, 1, 200, 900))
        #expect(sum.sinceMicroseconds == 1_900)
        #expect(webhooks.take(now: 2 * interval).isEmpty)
    }

    @Test func eachSourceHasASumAndAnIntervalOfItsOwn() {
        add("livekit")
        #expect(webhooks.take(now: 0).map(\.source) == ["livekit"])
        add("livekit")
        add("daily")
        #expect(webhooks.take(now: 1).map(\.source) == ["daily"])
        #expect(webhooks.take(now: interval).map(\.source) == ["livekit"])
    }

    @Test func aSourceThatWasQuietForAnIntervalIsDueAtOnceAgain() {
        add()
        _ = webhooks.take(now: 0)
        #expect(webhooks.take(now: interval).isEmpty)
        add()
        #expect(webhooks.take(now: interval + 1).map(\.sum.webhooks) == [1])
    }

    @Test func theEndTakesWhatIsNotDueYet() {
        add()
        _ = webhooks.take(now: 0)
        add()
        #expect(webhooks.take(now: 1, isLast: true).map(\.sum.webhooks) == [1])
        #expect(webhooks.take(now: 2, isLast: true).isEmpty)
    }
}
