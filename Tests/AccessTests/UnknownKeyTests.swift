import Access
import Crypto
import Events
import Testing
import Wire

/// Which tokens have an issuer's keys fetched: those that nobody can judge without.
@Suite struct UnknownKeyTests {
    private let known = P256.Signing.PrivateKey()
    private let stranger = P256.Signing.PrivateKey()

    private func web(_ key: P256.Signing.PrivateKey, _ keyID: String?) throws -> String {
        let member = keyID.map { #","kid":"\#($0)""# } ?? ""
        return WebKeyText.p256(key.publicKey, member)
    }

    private func fetched(_ name: String, issuer: String? = nil, keyID: String? = "1") throws -> IssuerSettings {
        let jwks = #"{"keys":[\#(try web(known, keyID))]}"#
        return IssuerSettings(name: name, jwks: jwks, awaitsKeys: true, issuer: issuer)
    }

    private func token(
        _ key: P256.Signing.PrivateKey, _ keyID: String?, issuer: String? = nil, claims: String? = nil
    ) throws -> String {
        let member = keyID.map { #","kid":"\#($0)""# } ?? ""
        let name = issuer.map { #""iss":"\#($0)","# } ?? ""
        return try Forge.ecdsa(key).token(claims ?? ownClaims(name), header: #"{"alg":"ES256"\#(member)}"#)
    }

    @Test func unknownKeyIsAskedForAndAKnownOneIsNot() throws {
        let verifier = try TokenVerifier(TokenSettings(issuers: [try fetched("idp")]))
        #expect(verifier.issuersToAsk(about: WireText(try token(stranger, "2")), now: now) == ["idp"])
        #expect(verifier.issuersToAsk(about: WireText(try token(known, "1")), now: now).isEmpty)
        // A signature that the known key has not made is no matter of other keys.
        #expect(verifier.issuersToAsk(about: WireText(try token(stranger, "1")), now: now).isEmpty)
    }

    @Test func issuerWithoutAnyKeysIsAsked() throws {
        let settings = IssuerSettings(name: "idp", awaitsKeys: true)
        let verifier = try TokenVerifier(TokenSettings(issuers: [settings]))
        for keyID in ["1", nil] {
            #expect(verifier.issuersToAsk(about: WireText(try token(known, keyID)), now: now) == ["idp"])
        }
    }

    @Test func issuersWhoseKeysAreFixedAreNeverAsked() throws {
        let fixed = IssuerSettings(name: "fixed", jwks: #"{"keys":[\#(try web(known, "1"))]}"#)
        let own = IssuerSettings(name: "own", hs256: ownSecret)
        let verifier = try TokenVerifier(TokenSettings(issuers: [fixed, own]))
        #expect(verifier.issuersToAsk(about: WireText(try token(stranger, "2")), now: now).isEmpty)
    }

    @Test func onlyTheIssuerThatTheTokenNamesIsAsked() throws {
        let verifier = try TokenVerifier(
            TokenSettings(issuers: [try fetched("a", issuer: "A"), try fetched("b", issuer: "B"), try fetched("c")]))
        #expect(verifier.issuersToAsk(about: WireText(try token(stranger, "2", issuer: "B")), now: now) == ["b"])
        #expect(verifier.issuersToAsk(about: WireText(try token(stranger, "2", issuer: "D")), now: now) == ["c"])
        #expect(verifier.issuersToAsk(about: WireText(try token(stranger, "2")), now: now) == ["c"])
    }

    @Test func everyIssuerThatMayHaveSignedIsAsked() throws {
        let verifier = try TokenVerifier(
            TokenSettings(issuers: [try fetched("a"), try fetched("b", keyID: "2"), try fetched("c", keyID: nil)]))
        #expect(verifier.issuersToAsk(about: WireText(try token(stranger, "3")), now: now) == ["a", "b"])
        // One that another issuer of the same name has signed needs nobody's keys.
        #expect(verifier.issuersToAsk(about: WireText(try token(known, "2")), now: now).isEmpty)
        #expect(verifier.issuersToAsk(about: WireText(try token(known, "3")), now: now).isEmpty)
    }

    @Test func algorithmThatTheIssuerDoesNotUseHasNobodyAsked() throws {
        var settings = try fetched("idp")
        settings.algorithms = [.es256]
        let verifier = try TokenVerifier(TokenSettings(issuers: [settings]))
        let others = [
            try Forge.hmac(ownSecret).token(ownClaims()),
            try Forge.ecdsa(P384.Signing.PrivateKey()).token(ownClaims()),
            Forge.unsigned(header: #"{"alg":"none","kid":"2"}"#, ownClaims()) + ".AA",
        ]
        for other in others { #expect(verifier.issuersToAsk(about: WireText(other), now: now).isEmpty) }
    }

    @Test(arguments: [
        #"{"sub":"ada","exp":\#(nowSeconds - 60),"roomwire":{"rooms":["*"]}}"#,
        #"{"sub":"ada","nbf":\#(nowSeconds + 60),"exp":\#(nowSeconds + 90),"roomwire":{"rooms":["*"]}}"#,
        #"{"sub":"ada","roomwire":{"rooms":["*"]}}"#, #"{"sub":"ada","exp":"soon"}"#,
        #"{"iss":7,"exp":\#(nowSeconds + 60)}"#,
    ])
    func tokenThatIsNoGoodAnywayHasNobodyAsked(claims: String) throws {
        let verifier = try TokenVerifier(TokenSettings(issuers: [try fetched("idp")]))
        #expect(
            verifier.issuersToAsk(about: WireText(try token(stranger, "2", claims: claims)), now: now).isEmpty)
    }

    @Test(arguments: ["", "nonsense", "a.b.c", "e30.e30.AA"])
    func whatIsNoTokenHasNobodyAsked(text: String) throws {
        let verifier = try TokenVerifier(TokenSettings(issuers: [try fetched("idp")]))
        #expect(verifier.issuersToAsk(about: WireText(text), now: now).isEmpty)
    }

    @Test func keysThatHaveBeenReadCanBePutInForceForOneIssuer() throws {
        let before = try TokenVerifier(
            TokenSettings(issuers: [try fetched("a", issuer: "A"), try fetched("b", issuer: "B")]))
        let keys = try PublicKeys.jwks(#"{"keys":[\#(try web(stranger, "2"))]}"#)
        #expect(keys.count == 1)
        let after = try before.replacingKeys(of: "a", with: keys)
        #expect(after.refusal(try token(stranger, "2", issuer: "A")) == nil)
        #expect(after.refusal(try token(known, "1", issuer: "A")) == .unknownKey)
        #expect(after.refusal(try token(known, "1", issuer: "B")) == nil)
        #expect(throws: TokenSettingsError.self) { try after.replacingKeys(of: "c", with: keys) }
    }
}
