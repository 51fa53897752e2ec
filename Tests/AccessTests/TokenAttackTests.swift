import Access
import Crypto
import CryptoExtras
import Events
import Testing
import Wire

/// What RFC 8725 warns of, and what else has worked against verifiers of tokens.
@Suite struct TokenAttackTests {
    @Test func algorithmNoneIsRefused() throws {
        let verifier = try TokenVerifier.own()
        for name in ["none", "None", "NONE", "nOnE"] {
            let unsigned = Forge.unsigned(header: #"{"alg":"\#(name)"}"#, ownClaims())
            #expect(verifier.refusal(unsigned) == .malformedToken)
            #expect(verifier.refusal(unsigned + ".") == .malformedToken)
            #expect(verifier.refusal(unsigned + ".AA") == .algorithmNotAllowed)
        }
    }

    @Test func emptySignatureIsRefusedForEveryAlgorithm() throws {
        let verifier = try TokenVerifier.own()
        for name in ["HS256", "RS256", "ES256", "EdDSA"] {
            let unsigned = Forge.unsigned(header: #"{"alg":"\#(name)"}"#, ownClaims())
            #expect(verifier.refusal(unsigned + ".") == .malformedToken)
        }
    }

    @Test(arguments: [
        #"{"alg":"hs256"}"#, #"{"alg":"HS256 "}"#, #"{"alg":"HS384"}"#, #"{"alg":"HS512"}"#, #"{"alg":"RS256"}"#,
        #"{"alg":""}"#, #"{"alg":"HS256\u0000"}"#, #"{"alg":"HS256","alg":"none"}"#,
    ])
    func goodSignatureUnderAnotherAlgorithmsNameIsRefused(header: String) throws {
        let token = try Forge.hmac(ownSecret).token(ownClaims(), header: header)
        let verifier = try TokenVerifier.own()
        #expect(verifier.refusal(token) == .algorithmNotAllowed)
    }

    @Test(arguments: [
        "{}", #"{"typ":"JWT"}"#, #"{"alg":null}"#, #"{"alg":["HS256"]}"#, #"{"alg":256}"#, #"{"Alg":"HS256"}"#,
        #"{"alg":"HS256","crit":["exp"],"exp":1}"#, #"{"alg":"HS256","crit":[]}"#, #"{"alg":"HS256","crit":null}"#,
        #"{"alg":"HS256","b64":false}"#, #"{"alg":"HS256","b64":true}"#, #"{"alg":"HS256","kid":7}"#,
        #"{"alg":"HS256","kid":null}"#, #"[{"alg":"HS256"}]"#, #""HS256""#, "", #"{"alg":"HS256""#,
        "\u{FEFF}{\"alg\":\"HS256\"}", #"{"alg":"HS256"}{}"#,
    ])
    func headerThatIsNotUnderstoodIsRefused(header: String) throws {
        let token = try Forge.hmac(ownSecret).token(ownClaims(), header: header)
        let verifier = try TokenVerifier.own()
        #expect(verifier.refusal(token) == .malformedToken)
    }

    @Test(
        arguments: [
            ("JWT", nil), ("jwt", nil), ("at+jwt", nil), ("application/at+JWT", nil), ("application/jwt", nil),
            ("logout+jwt", AccessRefusal.Reason.wrongTokenKind), ("secevent+jwt", .wrongTokenKind),
            ("dpop+jwt", .wrongTokenKind), ("JOSE", nil), ("jose+json", .wrongTokenKind), ("", .wrongTokenKind),
            ("application/", .wrongTokenKind),
        ] as [(String, AccessRefusal.Reason?)])
    func tokenTypedForAnotherUseIsRefused(type: String, reason: AccessRefusal.Reason?) throws {
        let header = #"{"alg":"HS256","typ":"\#(type)"}"#
        let token = try Forge.hmac(ownSecret).token(ownClaims(), header: header)
        #expect(try TokenVerifier.own().refusal(token) == reason)
    }

    @Test func publicKeyIsNoSecret() throws {
        let rsa = try TestKeys.rsa.get()
        let elliptic = P256.Signing.PrivateKey()
        for pem in [rsa.publicKey.pemRepresentation, elliptic.publicKey.pemRepresentation] {
            let verifier = try TokenVerifier.own {
                $0.hs256 = nil
                $0.publicKeysPEM = [pem]
            }
            for secret in [pem, pem + "\n", String(pem.dropLast())] {
                let token = try Forge.hmac(secret).token(ownClaims())
                #expect(verifier.refusal(token) == .algorithmNotAllowed)
            }
        }
    }

    @Test func keysInTheHeaderAreNotLookedAt() throws {
        let mine = P256.Signing.PrivateKey()
        let key = WebKeyText.p256(mine.publicKey)
        let verifier = try TokenVerifier.own {
            $0.hs256 = nil
            $0.publicKeysPEM = [P256.Signing.PrivateKey().publicKey.pemRepresentation]
        }
        for member in [#""jwk":\#(key)"#, #""jku":"https://evil.example/jwks""#, #""x5u":"https://evil.example/c""#] {
            let token = try Forge.ecdsa(mine).token(ownClaims(), header: #"{"alg":"ES256",\#(member)}"#)
            #expect(verifier.refusal(token) == .badSignature)
        }
        let own = try Forge.hmac(ownSecret).token(ownClaims(), header: #"{"alg":"HS256","jwk":\#(key)}"#)
        #expect(try TokenVerifier.own().refusal(own) == nil)
    }

    @Test(arguments: ["../../dev/null", "' OR 1=1 --", "/proc/self/environ", "own", "", "\\u0000", "🔑"])
    func keyIDOfNoKeyOpensNothingAndDisturbsNothing(keyID: String) throws {
        let header = #"{"alg":"HS256","kid":"\#(keyID)"}"#
        let verifier = try TokenVerifier.own()
        #expect(verifier.refusal(try Forge.hmac(ownSecret).token(ownClaims(), header: header)) == nil)
        #expect(verifier.refusal(try Forge.hmac("").token(ownClaims(), header: header)) == .badSignature)
    }

    @Test func everyChangedByteBreaksTheToken() throws {
        let verifier = try TokenVerifier.own()
        let token = Array(try Forge.hmac(ownSecret).token(ownClaims()).utf8)
        #expect(verifier.refusal(String(decoding: token, as: UTF8.self)) == nil)
        for index in token.indices {
            var changed = token
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(verifier.refusal(String(decoding: changed, as: UTF8.self)) != nil, "byte \(index)")
        }
    }

    @Test func everyShortenedTokenIsRefused() throws {
        let verifier = try TokenVerifier.own()
        let token = try Forge.hmac(ownSecret).token(ownClaims())
        for length in 0..<token.count { #expect(verifier.refusal(String(token.prefix(length))) != nil) }
    }

    @Test func signatureOfZerosIsRefused() throws {
        let verifier = try TokenVerifier.own {
            $0.hs256 = nil
            $0.publicKeysPEM = [
                P256.Signing.PrivateKey().publicKey.pemRepresentation,
                Curve25519.Signing.PrivateKey().publicKey.pemRepresentation,
            ]
        }
        for name in ["ES256", "EdDSA"] {
            for length in [1, 32, 63, 64, 65, 96, 128, 4096] {
                let unsigned = Forge.unsigned(header: #"{"alg":"\#(name)"}"#, ownClaims())
                let token = unsigned + "." + Base64.url.text([UInt8](repeating: 0, count: length))
                #expect(verifier.refusal(token) == .badSignature)
            }
        }
    }

    @Test(arguments: [
        "a", "a.b", "..", "a..c", ".b.c", "a.b.c.d", "e30.e30.e30", "Bearer e30.e30.e30", "🔑.🔑.🔑", "\0",
        "e30=.e30=.AA==", "e30 .e30.AA", "e31.e30.AA",
    ])
    func whatIsNoTokenIsRefused(text: String) throws {
        #expect(try TokenVerifier.own().refusal(text) == .malformedToken)
    }

    @Test func emptyTokenIsAMissingOne() throws {
        #expect(try TokenVerifier.own().refusal("") == .missingToken)
    }

    @Test func encryptedTokenOfFivePartsIsRefused() throws {
        #expect(try TokenVerifier.own().refusal("e30.e30.e30.e30.e30") == .malformedToken)
    }

    @Test func tokenLongerThanTheLimitIsRefused() throws {
        let filler = String(repeating: "x", count: Limits.tokenBytes)
        let token = try Forge.hmac(ownSecret).token(ownClaims(#""filler":"\#(filler)","#))
        #expect(try TokenVerifier.own().refusal(token) == .malformedToken)
    }

    @Test func lastOfDuplicateClaimsCounts() throws {
        let token = try Forge.hmac(ownSecret).token(ownClaims(#""sub":"admin","roomwire":{"rooms":["*"]},"#))
        let identity = try TokenVerifier.own().identity(WireText(token), now: now)
        #expect(identity.user == "ada")
        #expect(identity.grant.scope.rooms == PatternSet(["call_*"]))
    }

    @Test func textOfAnyScriptComesThroughUnchanged() throws {
        let user = "Ада \u{1F469}\u{200D}\u{1F4BB} e\u{301} \u{202E}\"\\"
        let token = try TokenMinter(secret: ownSecret).mint(
            user: WireText(user), scope: EventScope(rooms: PatternSet(["会議_*"])), ttlSeconds: 60, now: now)
        let identity = try TokenVerifier.own().identity(WireText(token), now: now)
        #expect(Array(identity.user.utf8) == Array(user.utf8))
        #expect(identity.grant.scope.rooms == PatternSet(["会議_*"]))
    }

    @Test func webhookTokenOpensNothingWhoeverSignedIt() throws {
        let token = try Forge.hmac(ownSecret).token(ownClaims(#""sha256":"x","#))
        let verifier = try TokenVerifier.own { $0.defaultGrant = Grant(scope: .everything) }
        #expect(verifier.refusal(token) == .wrongTokenKind)
    }

    @Test func refusalRepeatsNothingOutOfTheTokenNorTheSecret() throws {
        let verifier = try TokenVerifier.own { $0.issuer = "https://a.example" }
        let marks = #""iss":"MARK","aud":"MARK","sub":"MARK","kid":"MARK","exp":"MARK""#
        for header in [#"{"alg":"HS256"}"#, #"{"alg":"MARK"}"#, #"{"alg":"HS256","crit":["MARK"]}"#] {
            for claims in [marks, marks.replacing("\"iss\":\"MARK\"", with: "\"iss\":\"https://a.example\"")] {
                let token = try Forge.hmac(ownSecret).token("{\(claims)}", header: header)
                let refusal = #expect(throws: AccessRefusal.self) { try verifier.identity(WireText(token), now: now) }
                #expect(refusal?.detail.contains("MARK") == false)
                #expect(refusal?.detail.contains(ownSecret) == false)
                #expect(refusal?.status == 401)
            }
        }
    }
}
