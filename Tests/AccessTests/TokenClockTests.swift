import Access
import Events
import Testing
import Wire

@Suite struct TokenClockTests {
    private func token(_ times: String) throws -> String {
        try Forge.hmac(ownSecret).token(#"{"sub":"ada",\#(times)"roomwire":{"rooms":["*"]}}"#)
    }

    @Test(
        arguments: [
            (-10, nil), (-10_000, nil), (9_999, nil), (10_000, AccessRefusal.Reason.expired), (60_000, .expired),
        ] as [(Int64, AccessRefusal.Reason?)])
    func expiryHoldsUntilTheLeewayEnds(afterExpiry: Int64, reason: AccessRefusal.Reason?) throws {
        let token = try token(#""exp":\#(nowSeconds),"#)
        #expect(try TokenVerifier.own(leewaySeconds: 10).refusal(token, now: now + afterExpiry) == reason)
    }

    @Test(
        arguments: [
            (10_001, AccessRefusal.Reason.notYetValid), (10_000, nil), (0, nil), (-1, nil), (3_600_000, .notYetValid),
        ] as [(Int64, AccessRefusal.Reason?)])
    func notBeforeHoldsFromTheLeewayOn(beforeStart: Int64, reason: AccessRefusal.Reason?) throws {
        let token = try token(#""exp":\#(nowSeconds + 60),"nbf":\#(nowSeconds),"#)
        #expect(try TokenVerifier.own(leewaySeconds: 10).refusal(token, now: now - beforeStart) == reason)
    }

    @Test func withoutLeewayTheEdgesAreExact() throws {
        let token = try token(#""exp":\#(nowSeconds + 1),"nbf":\#(nowSeconds),"#)
        let verifier = try TokenVerifier.own(leewaySeconds: 0)
        #expect(verifier.refusal(token, now: now - 1) == .notYetValid)
        #expect(verifier.refusal(token, now: now) == nil)
        #expect(verifier.refusal(token, now: now + 999) == nil)
        #expect(verifier.refusal(token, now: now + 1000) == .expired)
    }

    @Test func streamEndsWithTheTokenOrWithTheLeewayThatLetItIn() throws {
        let token = try token(#""exp":\#(nowSeconds),"#)
        let verifier = try TokenVerifier.own(leewaySeconds: 10)
        #expect(try verifier.identity(WireText(token), now: now - 1).expiresAt == now)
        #expect(try verifier.identity(WireText(token), now: now).expiresAt == now + 10_000)
    }

    @Test(
        arguments: [
            (#""exp":"1795205846","#, AccessRefusal.Reason.malformedToken),
            (#""exp":null,"#, .malformedToken),
            (#""exp":true,"#, .malformedToken),
            (#""exp":[1795205846],"#, .malformedToken),
            (#""exp":1e400,"#, .malformedToken),
            (#""exp":1e300,"#, .malformedToken),
            (#""exp":9223372036854775807,"#, .malformedToken),
            (#""exp":9223372036854775808,"#, .malformedToken),
            (#""exp":-9223372036854775808,"#, .malformedToken),
            (#""exp":253402300800,"#, .malformedToken),
            (#""exp":1795205846000,"#, .malformedToken),
            (#""exp":-1,"#, .expired),
            (#""exp":0,"#, .expired),
            (#""exp":-0.5,"#, .expired),
            ("", .noExpiry),
            (#""Exp":1795205846,"#, .noExpiry),
            (#""exp":1795205846,"nbf":"1795205786","#, .malformedToken),
            (#""exp":1795205846,"nbf":1e400,"#, .malformedToken),
            (#""exp":1795205846,"exp":1,"#, .expired),
            (#""exp":1,"exp":1795205846,"#, nil),
            (#""exp":253402300799,"#, nil),
            (#""exp":1.795205846e9,"#, nil),
            (#""exp":1795205846,"nbf":-5,"#, nil),
            (#""exp":1795205846,"iat":1795299999,"#, nil),
        ] as [(String, AccessRefusal.Reason?)])
    func timesAreNumbersOfSeconds(times: String, reason: AccessRefusal.Reason?) throws {
        let token = try token(times)
        #expect(try TokenVerifier.own().refusal(token) == reason)
    }

    @Test func fractionOfASecondCounts() throws {
        let token = try token(#""exp":\#(nowSeconds).5,"#)
        let verifier = try TokenVerifier.own(leewaySeconds: 0)
        #expect(try verifier.identity(WireText(token), now: now + 499).expiresAt == now + 500)
        #expect(verifier.refusal(token, now: now + 500) == .expired)
    }

    @Test func tokenWithoutExpiryNeverEndsWhereSettingsAllowIt() throws {
        let token = try token("")
        let verifier = try TokenVerifier.own(requireExpiry: false)
        #expect(try verifier.identity(WireText(token), now: now).expiresAt == nil)
        #expect(verifier.refusal(try self.token(#""exp":1,"#)) == .expired)
    }
}
