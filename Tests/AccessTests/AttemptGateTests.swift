import Access
import CryptoExtras
import Events
import Testing
import Wire

/// A holder of a gate: an expectation cannot call what changes a value.
private final class Porter {
    private var gate = AttemptGate()

    @discardableResult
    func fail(
        _ token: WireText, from address: WireText = "a", cost: Int64 = 0, after milliseconds: Int64 = 0
    ) -> Int? {
        gate.failed(hash(token), from: address, costMicroseconds: cost, now: now + milliseconds)
    }

    func succeed(_ token: WireText) { gate.succeeded(hash(token)) }

    func wait(_ token: WireText, from address: WireText = "a", after milliseconds: Int64 = 0) -> Int? {
        gate.secondsToVerification(of: hash(token), from: address, now: now + milliseconds)
    }

    /// Guesses until the address has no budget left.
    func spendBudget() {
        let cost = Limits.publicVerificationMicroseconds
        for number in 0..<Limits.verificationBurstMicroseconds / cost { fail("guess \(number)", cost: cost) }
    }

    private func hash(_ token: WireText) -> AttemptGate.CredentialHash { AttemptGate.hash(.bearer(token)) }
}

@Suite struct AttemptGateTests {
    @Test func addressThatShowsManyBadTokensIsToldToWait() {
        let porter = Porter()
        for number in 0..<Limits.freeAddressFailures { #expect(porter.fail("\(number)") == nil) }
        #expect(porter.fail("new") == Limits.failureSeconds)
        #expect(porter.fail("new", from: "b") == nil)
        #expect(porter.fail("newer", after: Int64(Limits.failureSeconds) * 1000) == nil)
    }

    @Test func othersFailuresKeepNoTokenFromBeingVerified() {
        let porter = Porter()
        for number in 0..<Limits.freeAddressFailures * 10 {
            porter.fail("\(number)")
            #expect(porter.wait("never seen") == nil)
        }
    }

    @Test func tokenThatIsRepeatedSlowsItselfAndNotItsAddress() {
        let porter = Porter()
        for _ in 0..<Limits.freeFailures * 3 { porter.fail("stale") }
        #expect(porter.wait("stale") == Limits.failureSeconds)
        #expect(porter.wait("stale", after: Int64(Limits.failureSeconds) * 1000) == nil)
        #expect(porter.wait("another") == nil)
        #expect(porter.fail("another") == nil)
        #expect(porter.wait("stale", from: "b") == nil)
    }

    @Test func verificationsOfOneAddressAreBoundedAndComeBackWithTime() {
        let porter = Porter()
        porter.spendBudget()
        #expect(porter.wait("new") == 1)
        #expect(porter.wait("new", from: "b") == nil)
        // One public key's worth of time later there is room for one.
        #expect(porter.wait("new", after: Limits.publicVerificationMicroseconds / 1000) == nil)
    }

    @Test func tokenThatWasGoodLatelyIsVerifiedEvenThen() {
        let porter = Porter()
        porter.succeed("good")
        porter.spendBudget()
        #expect(porter.wait("good") == nil)
        #expect(porter.wait("unseen") != nil)
        // Until it fails itself.
        porter.fail("good")
        #expect(porter.wait("good") != nil)
    }

    @Test func goodTokensAreForgottenOnlyAfterManyOthers() {
        let porter = Porter()
        porter.succeed("good")
        porter.spendBudget()
        for number in 0..<Limits.rememberedCredentials { porter.succeed("other \(number)") }
        #expect(porter.wait("good") == nil)
        for number in 0..<Limits.rememberedCredentials { porter.succeed("yet another \(number)") }
        #expect(porter.wait("good") != nil)
    }

    @Test func clockThatStepsBackDoesNotEmptyTheBudget() {
        let porter = Porter()
        porter.fail("guess", cost: Limits.publicVerificationMicroseconds)
        #expect(porter.wait("new", after: -3_600_000) == 1)
        porter.fail("guess", cost: Limits.publicVerificationMicroseconds, after: -3_600_000)
        #expect(porter.wait("new", after: -3_600_000 + 6) == nil)
    }

    @Test func publicKeysCostMoreThanSecrets() throws {
        let rsa = try TestKeys.rsa.get()
        let verifier = try TokenVerifier(
            TokenSettings(issuers: [
                IssuerSettings(name: "own", hs256: ownSecret),
                IssuerSettings(name: "rsa", publicKeysPEM: [rsa.publicKey.pemRepresentation], issuer: "idp"),
            ]))
        let own = try Forge.hmac(ownSecret).token(ownClaims())
        let idp = try Forge.rsa(rsa).token(ownClaims(#""iss":"idp","#))
        #expect(try verifier.prepare(WireText(own)).costMicroseconds == Limits.symmetricVerificationMicroseconds)
        #expect(try verifier.prepare(WireText(idp)).costMicroseconds == Limits.publicVerificationMicroseconds)
    }

    @Test func ticketAndTokenOfOneTextAreTwoThings() {
        #expect(AttemptGate.hash(.bearer("x")) != AttemptGate.hash(.ticket("x")))
    }

    @Test func tokensOfOtherBytesAreOtherTokens() {
        #expect(AttemptGate.hash(.bearer("\u{E9}")) != AttemptGate.hash(.bearer("e\u{301}")))
    }
}
