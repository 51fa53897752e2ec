import Access
import Crypto
import CryptoExtras
import Events
import Testing
import Wire

@Suite struct PublicKeysTests {
    private func web(_ key: P256.Signing.PrivateKey, _ members: String = "") -> String {
        WebKeyText.p256(key.publicKey, members)
    }

    private func web(_ key: _RSA.Signing.PrivateKey, _ members: String = "") throws -> String {
        try WebKeyText.rsa(key.publicKey, members)
    }

    private func set(_ keys: String...) -> String { #"{"keys":[\#(keys.joined(separator: ","))]}"# }

    private func verifier(_ jwks: String?, algorithms: [SignatureAlgorithm] = []) throws -> TokenVerifier {
        try TokenVerifier.own {
            $0.hs256 = nil
            $0.jwks = jwks
            $0.awaitsKeys = true
            $0.algorithms = algorithms
        }
    }

    private func token(_ key: P256.Signing.PrivateKey, keyID: String? = nil) throws -> String {
        let member = keyID.map { #","kid":"\#($0)""# } ?? ""
        return try Forge.ecdsa(key).token(ownClaims(), header: #"{"alg":"ES256"\#(member)}"#)
    }

    @Test func keyIDLeadsToItsKeyOnly() throws {
        let (a, b) = (P256.Signing.PrivateKey(), P256.Signing.PrivateKey())
        let verifier = try verifier(set(web(a, #","kid":"a""#), web(b, #","kid":"b""#)))
        #expect(verifier.refusal(try token(a, keyID: "a")) == nil)
        #expect(verifier.refusal(try token(b, keyID: "b")) == nil)
        #expect(verifier.refusal(try token(a, keyID: "b")) == .badSignature)
        #expect(verifier.refusal(try token(a, keyID: "c")) == .unknownKey)
        #expect(verifier.refusal(try token(a, keyID: "A")) == .unknownKey)
        #expect(verifier.refusal(try token(a)) == .unknownKey)
    }

    @Test func tokenWithoutKeyIDNeedsTheOnlyKeyOfItsAlgorithm() throws {
        let key = P256.Signing.PrivateKey()
        let rsa = try web(TestKeys.rsa.get(), #","kid":"r""#)
        let verifier = try verifier(set(web(key, #","kid":"a""#), rsa))
        #expect(verifier.refusal(try token(key)) == nil)
    }

    @Test func everyKindOfKeyVerifies() throws {
        let rsa = try TestKeys.rsa.get()
        let (p384, edwards) = (P384.Signing.PrivateKey(), Curve25519.Signing.PrivateKey())
        let verifier = try verifier(
            set(
                web(rsa), WebKeyText.p384(p384.publicKey, #","use":"sig""#),
                WebKeyText.ed25519(edwards.publicKey, #","key_ops":["verify"]"#)))
        #expect(verifier.refusal(try Forge.rsa(rsa).token(ownClaims())) == nil)
        #expect(verifier.refusal(try Forge.ecdsa(p384).token(ownClaims())) == nil)
        #expect(verifier.refusal(try Forge.eddsa(edwards).token(ownClaims())) == nil)
    }

    @Test func algorithmOfAnRSAKeyIsItsOwnElseTheSettings() throws {
        let rsa = try TestKeys.rsa.get()
        let token = try Forge.rsa(rsa, .sha384).token(ownClaims())
        #expect(try verifier(set(web(rsa))).refusal(token) == .unknownKey)
        #expect(try verifier(set(web(rsa, #","alg":"RS384""#))).refusal(token) == nil)
        #expect(try verifier(set(web(rsa)), algorithms: [.rs384]).refusal(token) == nil)
        #expect(
            try verifier(set(web(rsa)), algorithms: [.rs256]).refusal(token) == .algorithmNotAllowed)
    }

    @Test func publicKeyOfASetIsNoSecret() throws {
        let rsa = try TestKeys.rsa.get()
        let jwks = set(try web(rsa))
        let verifier = try verifier(jwks)
        for secret in [jwks, try web(rsa), rsa.publicKey.pemRepresentation] {
            #expect(verifier.refusal(try Forge.hmac(secret).token(ownClaims())) == .algorithmNotAllowed)
        }
    }

    @Test func whatCannotVerifyIsLeftAsideWithAReason() throws {
        let good = P256.Signing.PrivateKey()
        let others = [
            #"{"kty":"oct","k":"c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"}"#,
            web(good, #","use":"enc""#), web(good, #","key_ops":["sign"]"#), web(good, #","alg":"ES384""#),
            web(good, #","alg":"HS256""#), web(good, #","alg":"none""#),
            #"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            #"{"kty":"EC","crv":"P-256"}"#, #"{"kty":"OKP","crv":"X25519","x":"AA"}"#, #"{"kty":"RSA","n":"AQAB"}"#,
            #"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, "{}", "7", "null",
        ]
        let keys = try PublicKeys.jwks(#"{"keys":[\#(others.joined(separator: ",")),\#(web(good))]}"#)
        #expect(keys.ignored.count == others.count)
        for other in others {
            #expect(throws: TokenSettingsError.self, "\(other)") { try PublicKeys.jwks(set(other)) }
        }
    }

    @Test func sharedSecretInASetSignsNothing() throws {
        let secret = "a shared secret that everybody can read"
        let shared = #"{"kty":"oct","alg":"HS256","kid":"s","k":"\#(Base64.url.text(Array(secret.utf8)))"}"#
        let verifier = try verifier(set(web(P256.Signing.PrivateKey()), shared))
        let token = try Forge.hmac(secret).token(ownClaims(), header: #"{"alg":"HS256","kid":"s"}"#)
        #expect(verifier.refusal(token) == .algorithmNotAllowed)
    }

    @Test(arguments: ["", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[]}"#, #"{"keys":null}"#, "<html>", #"{"keys":["#])
    func whatIsNoKeySetIsAnError(json: String) throws {
        let error = #expect(throws: TokenSettingsError.self) { try PublicKeys.jwks(json) }
        #expect(error?.setting == "jwks")
    }

    @Test func keySetLargerThanTheLimitIsAnError() throws {
        let key = web(P256.Signing.PrivateKey())
        let keys = [String](repeating: key, count: Limits.issuerKeys + 1).joined(separator: ",")
        #expect(throws: TokenSettingsError.self) { try PublicKeys.jwks(#"{"keys":[\#(keys)]}"#) }
    }

    @Test func fetchedKeysReplaceTheOldOnes() throws {
        let (old, new) = (P256.Signing.PrivateKey(), P256.Signing.PrivateKey())
        let before = try verifier(set(web(old, #","kid":"1""#)))
        let after = try before.replacingKeys(of: "own", jwks: set(web(new, #","kid":"2""#)))
        #expect(after.refusal(try token(new, keyID: "2")) == nil)
        #expect(after.refusal(try token(old, keyID: "1")) == .unknownKey)
        #expect(before.refusal(try token(old, keyID: "1")) == nil)
    }

    @Test func issuerWhoseKeysAreStillToComeKnowsNoKey() throws {
        let verifier = try verifier(nil)
        let key = P256.Signing.PrivateKey()
        let token = try token(key, keyID: "1")
        let refusal = #expect(throws: AccessRefusal.self) { try verifier.identity(WireText(token), now: now) }
        #expect(refusal?.reason == .unknownKey)
        #expect(refusal?.issuer == "own")
        let fetched = try verifier.replacingKeys(of: "own", jwks: set(web(key, #","kid":"1""#)))
        #expect(fetched.refusal(token) == nil)
    }

    @Test func keysOfIssuersThatDoNotAwaitAnyStay() throws {
        let own = try TokenVerifier.own()
        let jwks = set(web(P256.Signing.PrivateKey()))
        for name in ["own", "nobody"] {
            #expect(throws: TokenSettingsError.self) { try own.replacingKeys(of: name, jwks: jwks) }
        }
    }

    @Test func keySetThatCannotBeUsedChangesNothing() throws {
        let verifier = try verifier(set(web(P256.Signing.PrivateKey())))
        let error = #expect(throws: TokenSettingsError.self) {
            try verifier.replacingKeys(of: "own", jwks: "<html>")
        }
        #expect(error?.issuer == "own")
    }
}
