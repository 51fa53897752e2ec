import Access
import Events
import JWTKit
import Testing

/// Which tokens have an issuer's keys fetched: those that nobody can judge without.
@Suite struct UnknownKeyTests {
    private let known = ES256PrivateKey()
    private let stranger = ES256PrivateKey()

    private func web(_ key: ES256PrivateKey, _ keyID: String?) throws -> String {
        let parameters = try #require(key.publicKey.parameters)
        let member = keyID.map { #","kid":"\#($0)""# } ?? ""
        return #"{"kty":"EC","crv":"P-256","x":"\#(parameters.x)","y":"\#(parameters.y)"\#(member)}"#
    }

    private func fetched(_ name: String, issuer: String? = nil, keyID: String? = "1") throws -> IssuerSettings {
        let jwks = #"{"keys":[\#(try web(known, keyID))]}"#
        return IssuerSettings(name: name, jwks: jwks, awaitsKeys: true, issuer: issuer)
    }

    private func token(
        _ key: ES256PrivateKey, _ keyID: String?, issuer: String? = nil, claims: String? = nil
    ) async throws -> String {
        let member = keyID.map { #","kid":"\#($0)""# } ?? ""
        let name = issuer.map { #""iss":"\#($0)","# } ?? ""
        return try await Forge.ecdsa(key).token(claims ?? ownClaims(name), header: #"{"alg":"ES256"\#(member)}"#)
    }

    @Test func unknownKeyIsAskedForAndAKnownOneIsNot() async throws {
        let verifier = try await TokenVerifier.make(TokenSettings(issuers: [try fetched("idp")]))
        #expect(verifier.issuersToAsk(about: WireText(try await token(stranger, "2")), now: now) == ["idp"])
        #expect(verifier.issuersToAsk(about: WireText(try await token(known, "1")), now: now).isEmpty)
        // A signature that the known key has not made is no matter of other keys.
        #expect(verifier.issuersToAsk(about: WireText(try await token(stranger, "1")), now: now).isEmpty)
    }

    @Test func issuerWithoutAnyKeysIsAsked() async throws {
        let settings = IssuerSettings(name: "idp", awaitsKeys: true)
        let verifier = try await TokenVerifier.make(TokenSettings(issuers: [settings]))
        for keyID in ["1", nil] {
            #expect(verifier.issuersToAsk(about: WireText(try await token(known, keyID)), now: now) == ["idp"])
        }
    }

    @Test func issuersWhoseKeysAreFixedAreNeverAsked() async throws {
        let fixed = IssuerSettings(name: "fixed", jwks: #"{"keys":[\#(try web(known, "1"))]}"#)
        let own = IssuerSettings(name: "own", hs256: ownSecret)
        let verifier = try await TokenVerifier.make(TokenSettings(issuers: [fixed, own]))
        #expect(verifier.issuersToAsk(about: WireText(try await token(stranger, "2")), now: now).isEmpty)
    }

    @Test func onlyTheIssuerThatTheTokenNamesIsAsked() async throws {
        let verifier = try await TokenVerifier.make(
            TokenSettings(issuers: [try fetched("a", issuer: "A"), try fetched("b", issuer: "B"), try fetched("c")]))
        #expect(verifier.issuersToAsk(about: WireText(try await token(stranger, "2", issuer: "B")), now: now) == ["b"])
        #expect(verifier.issuersToAsk(about: WireText(try await token(stranger, "2", issuer: "D")), now: now) == ["c"])
        #expect(verifier.issuersToAsk(about: WireText(try await token(stranger, "2")), now: now) == ["c"])
    }

    @Test func everyIssuerThatMayHaveSignedIsAsked() async throws {
        let verifier = try await TokenVerifier.make(
            TokenSettings(issuers: [try fetched("a"), try fetched("b", keyID: "2"), try fetched("c", keyID: nil)]))
        #expect(verifier.issuersToAsk(about: WireText(try await token(stranger, "3")), now: now) == ["a", "b"])
        // One that another issuer of the same name has signed needs nobody's keys.
        #expect(verifier.issuersToAsk(about: WireText(try await token(known, "2")), now: now).isEmpty)
        #expect(verifier.issuersToAsk(about: WireText(try await token(known, "3")), now: now).isEmpty)
    }

    @Test func algorithmThatTheIssuerDoesNotUseHasNobodyAsked() async throws {
        var settings = try fetched("idp")
        settings.algorithms = ["ES256"]
        let verifier = try await TokenVerifier.make(TokenSettings(issuers: [settings]))
        let others = [
            try await Forge.hmac(ownSecret).token(ownClaims()),
            try await Forge.ecdsa(ES384PrivateKey()).token(ownClaims()),
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
    func tokenThatIsNoGoodAnywayHasNobodyAsked(claims: String) async throws {
        let verifier = try await TokenVerifier.make(TokenSettings(issuers: [try fetched("idp")]))
        #expect(verifier.issuersToAsk(about: WireText(try await token(stranger, "2", claims: claims)), now: now).isEmpty)
    }

    @Test(arguments: ["", "nonsense", "a.b.c", "e30.e30.AA"])
    func whatIsNoTokenHasNobodyAsked(text: String) async throws {
        let verifier = try await TokenVerifier.make(TokenSettings(issuers: [try fetched("idp")]))
        #expect(verifier.issuersToAsk(about: WireText(text), now: now).isEmpty)
    }

    @Test func keysThatHaveBeenReadCanBePutInForceForOneIssuer() async throws {
        let before = try await TokenVerifier.make(
            TokenSettings(issuers: [try fetched("a", issuer: "A"), try fetched("b", issuer: "B")]))
        let keys = try await PublicKeys.jwks(#"{"keys":[\#(try web(stranger, "2"))]}"#)
        #expect(keys.count == 1)
        let after = try before.replacingKeys(of: "a", with: keys)
        #expect(after.refusal(try await token(stranger, "2", issuer: "A")) == nil)
        #expect(after.refusal(try await token(known, "1", issuer: "A")) == .unknownKey)
        #expect(after.refusal(try await token(known, "1", issuer: "B")) == nil)
        #expect(throws: TokenSettingsError.self) { try after.replacingKeys(of: "c", with: keys) }
    }
}
