import TestSupport
import Testing
import Webhooks
import Wire

@testable import Relay

/// When a provider is asked, and how thoroughly.
@Suite final class ReconcileScheduleTests {
    private static let every: Int64 = 60_000
    private var schedule = ReconcileSchedule(ReconcileSettings(), now: SteadyTime(milliseconds: 0))

    private func at(_ milliseconds: Int64) -> SteadyTime { SteadyTime(milliseconds: milliseconds) }

    private func begins(_ now: Int64) -> Bool { schedule.begins(now: at(now)) }

    private func pass(_ now: Int64, _ end: ReconcileSchedule.PassEnd = .init()) {
        #expect(begins(now))
        schedule.ended(end, now: at(now), jitter: 0)
    }

    @Test func theFirstPassIsAtTheStartAndTheNextAnIntervalAfterItsEnd() {
        #expect(begins(0))
        #expect(!begins(100_000), "one pass at a time")
        schedule.ended(.init(), now: at(100_000), jitter: 0.5)
        #expect(schedule.due == at(163_000))
        #expect(!begins(162_999))
        #expect(begins(163_000))
    }

    @Test func twoWholePassesAfterAGapAskForEveryRoom() {
        #expect(schedule.isThorough)
        pass(0)
        #expect(schedule.isThorough)
        pass(60_000, .init(isAborted: true))
        #expect(schedule.isThorough, "one that was aborted does not count")
        pass(120_000)
        #expect(!schedule.isThorough)
        #expect(begins(200_000))
        schedule.hadGap()
        schedule.ended(.init(), now: at(200_000), jitter: 0)
        #expect(schedule.isThorough)
        pass(260_000)
        pass(320_000)
        #expect(!schedule.isThorough)
    }

    @Test func aDifferenceIsConfirmedWhenItCanBe() {
        pass(0, .init(nextConfirmation: at(45_000)))
        #expect(schedule.due == at(45_001))
        pass(45_001, .init(nextConfirmation: at(40_000)))
        #expect(schedule.due == at(45_001 + Self.every), "one that could be confirmed and was not waits")
        pass(200_000, .init(nextConfirmation: at(900_000)))
        #expect(schedule.due == at(200_000 + Self.every))
    }

    @Test func moreThanAPassAddsIsAddedSoon() {
        pass(0, .init(hasMore: true))
        #expect(schedule.due == at(1_000))
    }

    @Test func retryAfterIsKeptWithinBounds() {
        pass(0, .init(isAborted: true, retryAfterMilliseconds: 600_000))
        #expect(schedule.due == at(600_000))
        pass(600_000, .init(isAborted: true, retryAfterMilliseconds: .max))
        #expect(schedule.due == at(600_000 + 3_600_000))
        pass(4_200_000, .init(isAborted: true, retryAfterMilliseconds: 0))
        #expect(schedule.due == at(4_200_000 + Self.every), "never sooner than the setting says")
    }

    @Test func failuresInARowAreFartherApart() {
        var settings = ReconcileSettings()
        settings.everyMilliseconds = 1_000
        schedule = ReconcileSchedule(settings, now: at(0))
        var waits: [Int64] = []
        for _ in 0..<9 {
            let now = schedule.due
            #expect(begins(now.milliseconds))
            schedule.ended(.init(isAborted: true), now: now, jitter: 0)
            waits.append(schedule.due - now)
        }
        #expect(waits == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
    }
}
