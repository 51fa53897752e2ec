import Events
import TestSupport
import Testing
import Wire

@testable import Relay

@Suite struct HealthTests {
    private func health(loops: Int = 2, canariesAt now: SteadyTime) -> Health {
        let health = Health(loops: loops)
        health.verified(signedAt: now, fault: nil)
        health.committed(signedAt: now, fault: nil)
        for pulse in health.pulses { pulse.sawCanary(signedAt: now) }
        return health
    }

    @Test func nothingIsReadyBeforeTheFirstCanary() {
        let report = Health(loops: 1).report(isDraining: false, sources: 1, now: 0)
        #expect(!report.isReady)
        #expect(report.reasons.count == 3 && report.reasons.allSatisfy { $0.hasPrefix("So far ") })
    }

    @Test func itIsReadyUntilTheLastCanaryIsTooOld() {
        let health = health(canariesAt: 1000)
        #expect(health.report(isDraining: false, sources: 1, now: 1000 + Limits.readyMilliseconds).isReady)
        let late = health.report(isDraining: false, sources: 1, now: 1001 + Limits.readyMilliseconds)
        #expect(late.reasons.count == 4)
    }

    @Test func oneLoopThatSeesNoCanaryIsNamed() {
        let health = health(canariesAt: 1000)
        let now: SteadyTime = 2000 + Limits.readyMilliseconds
        health.verified(signedAt: now, fault: nil)
        health.committed(signedAt: now, fault: nil)
        health.pulses[0].sawCanary(signedAt: now)
        let report = health.report(isDraining: false, sources: 1, now: now)
        #expect(report.reasons == ["For 11 s no canary came to loop 1."])
    }

    @Test func aFaultIsToldAtOnceAndForgottenWithTheNextGoodCanary() {
        let health = health(canariesAt: 1000)
        health.committed(signedAt: 2000, fault: "cannot probe: disk full")
        #expect(health.report(isDraining: false, sources: 1, now: 2000).log?.contains("disk full") == true)
        health.committed(signedAt: 3000, fault: nil)
        #expect(health.report(isDraining: false, sources: 1, now: 3000).isReady)
    }

    @Test func drainingIsNotReadyAndNoSourceIs() {
        let health = health(canariesAt: 1000)
        #expect(!health.report(isDraining: true, sources: 1, now: 1000).isReady)
        #expect(health.report(isDraining: false, sources: 0, now: 1000).isReady)
    }

    @Test func aCanaryIsVerifiedLikeAnyWebhookAndNoOtherSourceTakesIt() throws {
        let now: WallTime = 1_795_201_856_000
        let draft = try Canary().send(number: 7, now: now).get()
        #expect(draft.event.type.rawValue == "roomwire.canary")
        #expect(draft.event.receivedAt == now)
    }
}

@Suite struct LoopPulseTests {
    @Test func theWorstOfTheLastSecondsIsTheLag() {
        let pulse = LoopPulse(now: 0)
        pulse.turned(now: 250, lateMilliseconds: 40)
        pulse.turned(now: 500, lateMilliseconds: 3)
        #expect(pulse.lag(now: 500) == 40)
        // In the next window it is still remembered, in the one after no more.
        pulse.turned(now: 100 + Limits.lagWindowMilliseconds, lateMilliseconds: 1)
        #expect(pulse.lag(now: 100 + Limits.lagWindowMilliseconds) == 40)
        pulse.turned(now: 200 + 2 * Limits.lagWindowMilliseconds, lateMilliseconds: 2)
        #expect(pulse.lag(now: 200 + 2 * Limits.lagWindowMilliseconds) == 2)
    }

    @Test func aLoopThatStandsStillLagsMoreAndMore() {
        let pulse = LoopPulse(now: 0)
        pulse.turned(now: 1000, lateMilliseconds: 0)
        #expect(pulse.lag(now: 1000 + LoopPulse.tickMilliseconds) == 0)
        #expect(pulse.lag(now: 5000) == 4000 - LoopPulse.tickMilliseconds)
        #expect(pulse.silence(now: 5000) == 4000)
    }

    @Test func aLoopThatHasEndedIsNotStalled() {
        let pulse = LoopPulse(now: 0)
        #expect(pulse.asks(now: 0))
        pulse.ended()
        #expect(pulse.silence(now: 60_000) == 0)
        #expect(pulse.lag(now: 60_000) == 0)
    }

    @Test func aMailboxThatIsNotReadShowsAlthoughTheTimerFires() {
        let pulse = LoopPulse(now: 0)
        #expect(pulse.asks(now: 0))
        #expect(!pulse.asks(now: 100), "one question at a time")
        pulse.turned(now: 3000, lateMilliseconds: 0)
        #expect(pulse.silence(now: 3000) == 3000)
        pulse.answered(now: 3000)
        #expect(pulse.silence(now: 3000) == 0)
        #expect(pulse.lag(now: 3000) == 3000)
    }
}

@Suite struct ServiceManagerTests {
    @Test func nobodyIsToldWhereNobodyAsks() {
        #expect(ServiceManager(environment: [:]) == nil)
        #expect(ServiceManager(environment: ["NOTIFY_SOCKET": "relative"]) == nil)
        #expect(ServiceManager(environment: ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)]) == nil)
    }

    @Test(
        arguments: [
            (["WATCHDOG_USEC": "30000000"], 30_000), (["WATCHDOG_USEC": "0"], nil), (["WATCHDOG_USEC": "x"], nil),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"], nil), ([:], nil),
        ] as [([String: String], Int64?)])
    func aWatchdogIsForOneProcess(variables: [String: String], milliseconds: Int64?) {
        let environment = variables.merging(["NOTIFY_SOCKET": "@x"]) { $1 }
        #expect(ServiceManager(environment: environment)?.watchdogMilliseconds == milliseconds)
    }
}
