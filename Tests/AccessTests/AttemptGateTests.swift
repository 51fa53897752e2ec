import Access
import Events
import Testing

/// A holder of a gate: an expectation cannot call what changes a value.
private final class Porter {
    private var gate = AttemptGate()

    func fail(_ token: WireText, from address: WireText = "a", after milliseconds: Int64 = 0) {
        gate.failed(AttemptGate.hash(.bearer(token)), from: address, now: now + milliseconds)
    }

    func succeed(_ token: WireText) { gate.succeeded(AttemptGate.hash(.bearer(token))) }

    func wait(_ token: WireText, from address: WireText = "a", after milliseconds: Int64 = 0) -> Int? {
        gate.retryAfterSeconds(AttemptGate.hash(.bearer(token)), from: address, now: now + milliseconds)
    }
}

@Suite struct AttemptGateTests {
    @Test func addressThatShowsManyBadTokensHasToWait() {
        let porter = Porter()
        for number in 0..<Limits.freeAddressFailures {
            #expect(porter.wait("\(number)") == nil)
            porter.fail("\(number)")
        }
        #expect(porter.wait("new") == Limits.failureSeconds)
        #expect(porter.wait("new", from: "b") == nil)
        #expect(porter.wait("new", after: Int64(Limits.failureSeconds) * 1000) == nil)
    }

    @Test func tokenThatIsRepeatedSlowsItselfAndNotItsAddress() {
        let porter = Porter()
        for _ in 0..<Limits.freeFailures * 3 { porter.fail("stale") }
        #expect(porter.wait("stale") == Limits.failureSeconds)
        #expect(porter.wait("another") == nil)
        #expect(porter.wait("stale", from: "b") == nil)
    }

    @Test func tokenThatWasGoodLatelyNeedNotWaitBehindOthersFailures() {
        let porter = Porter()
        porter.succeed("good")
        for number in 0..<Limits.freeAddressFailures { porter.fail("\(number)") }
        #expect(porter.wait("good") == nil)
        #expect(porter.wait("unseen") != nil)
        // Until it fails itself.
        porter.fail("good")
        #expect(porter.wait("good") != nil)
    }

    @Test func goodTokensAreForgottenOnlyAfterManyOthers() {
        let porter = Porter()
        porter.succeed("good")
        for number in 0..<Limits.freeAddressFailures { porter.fail("\(number)") }
        for number in 0..<Limits.rememberedCredentials { porter.succeed("other \(number)") }
        #expect(porter.wait("good") == nil)
        for number in 0..<Limits.rememberedCredentials { porter.succeed("yet another \(number)") }
        #expect(porter.wait("good") != nil)
    }

    @Test func ticketAndTokenOfOneTextAreTwoThings() {
        #expect(AttemptGate.hash(.bearer("x")) != AttemptGate.hash(.ticket("x")))
    }
}
