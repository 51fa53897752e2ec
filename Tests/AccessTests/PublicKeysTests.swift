import Access
import Events
import JWTKit
import Testing

@Suite struct PublicKeysTests {
    private func web(_ key: ES256PrivateKey, _ members: String = "") throws -> String {
        let parameters = try #require(key.publicKey.parameters)
        return #"{"kty":"EC","crv":"P-256","x":"\#(parameters.x)","y":"\#(parameters.y)"\#(members)}"#
    }

    private func web(_ key: JWTKit.Insecure.RSA.PrivateKey, _ members: String = "") throws -> String {
        let numbers = try key.publicKey.getKeyPrimitives()
        let (n, e) = (Base64.url.text(Array(numbers.modulus)), Base64.url.text(Array(numbers.publicExponent)))
        return #"{"kty":"RSA","n":"\#(n)","e":"\#(e)"\#(members)}"#
    }

    private func set(_ keys: String...) -> String { #"{"keys":[\#(keys.joined(separator: ","))]}"# }

    private func verifier(_ jwks: String?, algorithms: [String] = []) async throws -> TokenVerifier {
        try await TokenVerifier.own {
            $0.hs256 = nil
            $0.jwks = jwks
            $0.awaitsKeys = true
            $0.algorithms = algorithms
        }
    }

    private func token(_ key: ES256PrivateKey, keyID: String? = nil) async throws -> String {
        let member = keyID.map { #","kid":"\#($0)""# } ?? ""
        return try await Forge.ecdsa(key).token(ownClaims(), header: #"{"alg":"ES256"\#(member)}"#)
    }

    @Test func keyIDLeadsToItsKeyOnly() async throws {
        let (a, b) = (ES256PrivateKey(), ES256PrivateKey())
        let verifier = try await verifier(set(web(a, #","kid":"a""#), web(b, #","kid":"b""#)))
        #expect(verifier.refusal(try await token(a, keyID: "a")) == nil)
        #expect(verifier.refusal(try await token(b, keyID: "b")) == nil)
        #expect(verifier.refusal(try await token(a, keyID: "b")) == .badSignature)
        #expect(verifier.refusal(try await token(a, keyID: "c")) == .unknownKey)
        #expect(verifier.refusal(try await token(a, keyID: "A")) == .unknownKey)
        #expect(verifier.refusal(try await token(a)) == .unknownKey)
    }

    @Test func tokenWithoutKeyIDNeedsTheOnlyKeyOfItsAlgorithm() async throws {
        let key = ES256PrivateKey()
        let rsa = try web(TestKeys.rsa.get(), #","kid":"r""#)
        let verifier = try await verifier(set(web(key, #","kid":"a""#), rsa))
        #expect(verifier.refusal(try await token(key)) == nil)
    }

    @Test func everyKindOfKeyVerifies() async throws {
        let rsa = try TestKeys.rsa.get()
        let (p384, edwards) = (ES384PrivateKey(), try EdDSA.PrivateKey())
        let point = try #require(p384.publicKey.parameters)
        let x = Base64.url.text(Array(edwards.publicKey.rawRepresentation))
        let verifier = try await verifier(
            set(
                web(rsa), #"{"kty":"EC","crv":"P-384","x":"\#(point.x)","y":"\#(point.y)","use":"sig"}"#,
                #"{"kty":"OKP","crv":"Ed25519","x":"\#(x)","key_ops":["verify"]}"#))
        #expect(verifier.refusal(try await Forge.rsa(rsa).token(ownClaims())) == nil)
        #expect(verifier.refusal(try await Forge.ecdsa(p384).token(ownClaims())) == nil)
        #expect(verifier.refusal(try await Forge.eddsa(edwards).token(ownClaims())) == nil)
    }

    @Test func algorithmOfAnRSAKeyIsItsOwnElseTheSettings() async throws {
        let rsa = try TestKeys.rsa.get()
        let token = try await Forge.rsa(rsa, .sha384).token(ownClaims())
        #expect(try await verifier(set(web(rsa))).refusal(token) == .unknownKey)
        #expect(try await verifier(set(web(rsa, #","alg":"RS384""#))).refusal(token) == nil)
        #expect(try await verifier(set(web(rsa)), algorithms: ["RS384"]).refusal(token) == nil)
        #expect(
            try await verifier(set(web(rsa)), algorithms: ["RS256"]).refusal(token) == .algorithmNotAllowed)
    }

    @Test func publicKeyOfASetIsNoSecret() async throws {
        let rsa = try TestKeys.rsa.get()
        let jwks = set(try web(rsa))
        let verifier = try await verifier(jwks)
        for secret in [jwks, try web(rsa), rsa.publicKey.pemRepresentation] {
            #expect(verifier.refusal(try await Forge.hmac(secret).token(ownClaims())) == .algorithmNotAllowed)
        }
    }

    @Test func whatCannotVerifyIsLeftAsideWithAReason() async throws {
        let good = ES256PrivateKey()
        let others = [
            #"{"kty":"oct","k":"c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"}"#,
            try web(good, #","use":"enc""#), try web(good, #","key_ops":["sign"]"#), try web(good, #","alg":"ES384""#),
            try web(good, #","alg":"HS256""#), try web(good, #","alg":"none""#),
            #"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            #"{"kty":"EC","crv":"P-256"}"#, #"{"kty":"OKP","crv":"X25519","x":"AA"}"#, #"{"kty":"RSA","n":"AQAB"}"#,
            #"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, "{}", "7", "null",
        ]
        let keys = try await PublicKeys.jwks(#"{"keys":[\#(others.joined(separator: ",")),\#(try web(good))]}"#)
        #expect(keys.ignored.count == others.count)
        for other in others {
            await #expect(throws: TokenSettingsError.self, "\(other)") { try await PublicKeys.jwks(set(other)) }
        }
    }

    @Test func sharedSecretInASetSignsNothing() async throws {
        let secret = "a shared secret that everybody can read"
        let shared = #"{"kty":"oct","alg":"HS256","kid":"s","k":"\#(Base64.url.text(Array(secret.utf8)))"}"#
        let verifier = try await verifier(set(web(ES256PrivateKey()), shared))
        let token = try await Forge.hmac(secret).token(ownClaims(), header: #"{"alg":"HS256","kid":"s"}"#)
        #expect(verifier.refusal(token) == .algorithmNotAllowed)
    }

    @Test(arguments: ["", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[]}"#, #"{"keys":null}"#, "<html>", #"{"keys":["#])
    func whatIsNoKeySetIsAnError(json: String) async throws {
        let error = await #expect(throws: TokenSettingsError.self) { try await PublicKeys.jwks(json) }
        #expect(error?.setting == "jwks")
    }

    @Test func keySetLargerThanTheLimitIsAnError() async throws {
        let key = try web(ES256PrivateKey())
        let keys = [String](repeating: key, count: Limits.issuerKeys + 1).joined(separator: ",")
        await #expect(throws: TokenSettingsError.self) { try await PublicKeys.jwks(#"{"keys":[\#(keys)]}"#) }
    }

    @Test func fetchedKeysReplaceTheOldOnes() async throws {
        let (old, new) = (ES256PrivateKey(), ES256PrivateKey())
        let before = try await verifier(set(web(old, #","kid":"1""#)))
        let after = try await before.replacingKeys(of: "own", jwks: set(web(new, #","kid":"2""#)))
        #expect(after.refusal(try await token(new, keyID: "2")) == nil)
        #expect(after.refusal(try await token(old, keyID: "1")) == .unknownKey)
        #expect(before.refusal(try await token(old, keyID: "1")) == nil)
    }

    @Test func issuerWhoseKeysAreStillToComeKnowsNoKey() async throws {
        let verifier = try await verifier(nil)
        let key = ES256PrivateKey()
        let token = try await token(key, keyID: "1")
        let refusal = #expect(throws: AccessRefusal.self) { try verifier.identity(WireText(token), now: now) }
        #expect(refusal?.reason == .unknownKey)
        #expect(refusal?.issuer == "own")
        let fetched = try await verifier.replacingKeys(of: "own", jwks: set(web(key, #","kid":"1""#)))
        #expect(fetched.refusal(token) == nil)
    }

    @Test func keysOfIssuersThatDoNotAwaitAnyStay() async throws {
        let own = try await TokenVerifier.own()
        let jwks = set(try web(ES256PrivateKey()))
        for name in ["own", "nobody"] {
            await #expect(throws: TokenSettingsError.self) { try await own.replacingKeys(of: name, jwks: jwks) }
        }
    }

    @Test func keySetThatCannotBeUsedChangesNothing() async throws {
        let verifier = try await verifier(set(web(ES256PrivateKey())))
        let error = await #expect(throws: TokenSettingsError.self) {
            try await verifier.replacingKeys(of: "own", jwks: "<html>")
        }
        #expect(error?.issuer == "own")
    }
}
