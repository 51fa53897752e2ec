import Access
import Events
import Testing
import Wire

/// A holder of failures: an expectation cannot call what changes a value.
private final class Watch {
    private var attempts = FailedAttempts()

    var count: Int { attempts.count }

    func fail(_ address: WireText = "a", after milliseconds: Int64 = 0) {
        attempts.record(address: address, now: now + milliseconds)
    }

    func wait(_ address: WireText = "a", after milliseconds: Int64 = 0) -> Int? {
        attempts.retryAfterSeconds(address: address, now: now + milliseconds)
    }
}

@Suite struct FailedAttemptsTests {
    private let cost = Int64(Limits.failureSeconds) * 1000

    @Test func firstFailuresAreFree() {
        let watch = Watch()
        for _ in 0..<Limits.freeFailures {
            #expect(watch.wait() == nil)
            watch.fail()
        }
        #expect(watch.wait() == Limits.failureSeconds)
        #expect(watch.wait("b") == nil)
    }

    @Test func addressThatKeepsFailingMayTryOnceInAWhile() {
        let watch = Watch()
        for _ in 0..<Limits.freeFailures { watch.fail() }
        for turn in 1...5 {
            let time = Int64(turn) * cost
            #expect(watch.wait(after: time - 1) == 1)
            #expect(watch.wait(after: time) == nil)
            watch.fail(after: time)
            #expect(watch.wait(after: time) == Limits.failureSeconds)
        }
    }

    @Test func failuresBeyondTheFreeOnesDoNotAddUp() {
        let watch = Watch()
        for _ in 0..<1000 { watch.fail() }
        #expect(watch.wait(after: cost) == nil)
    }

    @Test func quietAddressIsForgiven() {
        let watch = Watch()
        for _ in 0..<Limits.freeFailures { watch.fail() }
        let later = cost * Int64(Limits.freeFailures)
        for _ in 0..<Limits.freeFailures {
            #expect(watch.wait(after: later) == nil)
            watch.fail(after: later)
        }
        #expect(watch.wait(after: later) == Limits.failureSeconds)
    }

    @Test func clockThatStepsBackKeepsNobodyOut() {
        let watch = Watch()
        for _ in 0..<Limits.freeFailures { watch.fail() }
        #expect(watch.wait(after: -3_600_000) == Limits.failureSeconds)
        #expect(watch.wait(after: -3_600_000 + cost) == nil)
    }

    @Test func rememberedAddressesAreBoundedAndForgivenOnesMakeRoom() {
        let watch = Watch()
        for index in 0..<Limits.failingAddresses + 10 { watch.fail("\(index)") }
        #expect(watch.count == Limits.failingAddresses)
        for _ in 0..<Limits.freeFailures { watch.fail("0") }
        #expect(watch.wait("0") == Limits.failureSeconds)
        watch.fail("new", after: cost)
        #expect(watch.count == 2)
    }
}
