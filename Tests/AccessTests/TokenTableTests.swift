import Access
import Crypto
import CryptoExtras
import Events
import Testing
import Wire

/// Every kind of token before one relay that takes them all: each opens what it is for, and nothing else.
///
/// What a verifier with a single issuer makes of a token is in ``TokenAttackTests`` and its neighbours. Here are the
/// confusions that need several kinds of keys side by side (RFC 8725, sections 2.7 and 2.8).
@Suite struct TokenTableTests {
    private static let livekitSecret = "a secret of LiveKit's"
    private static let dailyKey = "an API key of Daily's"
    private static let nextSecret = "the next secret of our own issuer"
    private static let rsaIssuer = "https://rsa.example"
    private static let setIssuer = "https://set.example"
    private static let elliptic = P256.Signing.PrivateKey()
    private static let edwards = Curve25519.Signing.PrivateKey()

    private func verifier() throws -> TokenVerifier {
        let rsa = try TestKeys.rsa.get().publicKey.pemRepresentation
        let elliptic = WebKeyText.p256(Self.elliptic.publicKey, #","kid":"ec""#)
        let set = #"{"keys":[\#(elliptic),\#(WebKeyText.ed25519(Self.edwards.publicKey, #","kid":"ed""#))]}"#
        return try TokenVerifier(
            TokenSettings(
                issuers: [
                    IssuerSettings(name: "own", hs256: ownSecret),
                    IssuerSettings(name: "own-next", hs256: Self.nextSecret),
                    IssuerSettings(name: "rsa", publicKeysPEM: [rsa], issuer: Self.rsaIssuer, audience: "relay"),
                    IssuerSettings(name: "set", jwks: set, issuer: Self.setIssuer),
                ], livekitKeys: [SourceKey(name: "APIabc", secret: WireText(Self.livekitSecret), sources: ["livekit"])],
                dailyKeys: [SourceKey(secret: WireText(Self.dailyKey), sources: ["daily"])]))
    }

    /// Whose key signs.
    private enum Signer: String, CaseIterable {
        case own, next, livekit, daily, rsa, elliptic, edwards, stranger

        func forge() throws -> Forge {
            switch self {
            case .own: .hmac(ownSecret)
            case .next: .hmac(nextSecret)
            case .livekit: .hmac(livekitSecret)
            case .daily: .hmac(dailyKey)
            case .rsa: try .rsa(TestKeys.rsa.get())
            case .elliptic: .ecdsa(TokenTableTests.elliptic)
            case .edwards: .eddsa(TokenTableTests.edwards)
            case .stranger: .hmac("a secret of nobody's, of good length")
            }
        }
    }

    /// What a token claims to be.
    private enum Kind: String, CaseIterable {
        case own, livekit, daily, rsa, setElliptic, setEdwards

        /// The signers whose signature makes the claim true, with the issuer that it is true of.
        var truth: [Signer: String] {
            switch self {
            case .own: [.own: "own", .next: "own-next"]
            case .livekit: [.livekit: "source:livekit"]
            case .daily: [.daily: "source:daily"]
            case .rsa: [.rsa: "rsa"]
            case .setElliptic: [.elliptic: "set"]
            case .setEdwards: [.edwards: "set"]
            }
        }

        var claims: String {
            let times = #""sub":"ada","ud":"ada","exp":\#(nowSeconds + 60),"iat":\#(nowSeconds)"#
            // Every token has the claims of every kind: only the signature decides which of them count.
            let grants = #""r":"call_1","video":{"roomJoin":true,"room":"call_1"},"roomwire":{"rooms":["call_1"]}"#
            let rest =
                switch self {
                case .own: ""
                case .livekit: #","iss":"APIabc","d":"domain""#
                case .daily: #","d":"domain""#
                case .rsa: #","iss":"\#(rsaIssuer)","aud":"relay","d":"domain""#
                case .setElliptic, .setEdwards: #","iss":"\#(setIssuer)","d":"domain""#
                }
            return "{\(times),\(grants)\(rest)}"
        }

        var source: WireText? {
            switch self {
            case .livekit: "livekit"
            case .daily: "daily"
            default: nil
            }
        }

        var keyID: String {
            switch self {
            case .setElliptic: #","kid":"ec""#
            case .setEdwards: #","kid":"ed""#
            default: ""
            }
        }
    }

    @Test func everySignatureIsGoodForItsOwnKindAlone() throws {
        let verifier = try verifier()
        for signer in Signer.allCases {
            let forge = try signer.forge()
            for kind in Kind.allCases {
                let header = #"{"alg":"\#(forge.algorithm)","typ":"JWT"\#(kind.keyID)}"#
                let token = try forge.token(kind.claims, header: header)
                let issuer = try? verifier.identity(WireText(token), now: now).issuer.string
                #expect(issuer == kind.truth[signer], "\(kind) signed by \(signer)")
                guard issuer != nil else { continue }
                let identity = try verifier.identity(WireText(token), now: now)
                #expect(identity.user == "ada")
                // A provider's key covers its source alone.
                let sources = kind.source.map { PatternSet([$0]) } ?? .all
                #expect(
                    identity.grant == Grant(scope: EventScope(rooms: PatternSet(["call_1"]), sources: sources)))
            }
        }
    }

    @Test func everySignatureUnderEveryAlgorithmsNameIsGoodForItsOwnAlone() throws {
        let verifier = try verifier()
        let names = ["none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
        for kind in Kind.allCases {
            for signer in kind.truth.keys {
                let forge = try signer.forge()
                for name in names where name != forge.algorithm {
                    let token = try forge.token(kind.claims, header: #"{"alg":"\#(name)"\#(kind.keyID)}"#)
                    #expect(verifier.refusal(token) != nil, "\(kind) under \(name)")
                }
            }
        }
    }

    /// Algorithm confusion: what is public about a key, taken for the secret of HS256 (RFC 8725, section 2.1).
    @Test func nothingPublicIsASecret() throws {
        let verifier = try verifier()
        let rsa = try TestKeys.rsa.get().publicKey
        let numbers = try rsa.getKeyPrimitives()
        let secrets = [
            rsa.pemRepresentation, rsa.pemRepresentation + "\n", Base64.url.text(Array(numbers.modulus)),
            Self.elliptic.publicKey.pemRepresentation,
            Base64.url.text(Array(Self.elliptic.publicKey.rawRepresentation.prefix(32))),
            Self.edwards.publicKey.pemRepresentation, "", "secret", "APIabc", "ec", Self.rsaIssuer,
        ]
        for secret in secrets {
            let forge = Forge.hmac(secret)
            for kind in Kind.allCases {
                let token = try forge.token(kind.claims, header: #"{"alg":"HS256"\#(kind.keyID)}"#)
                #expect(verifier.refusal(token) != nil, "\(kind) with \(secret)")
            }
        }
    }

    /// A token that signs a webhook is refused whatever else it says, and whoever has signed it.
    @Test func webhookTokenOpensNothing() throws {
        let verifier = try verifier()
        for kind in Kind.allCases {
            for signer in kind.truth.keys {
                let forge = try signer.forge()
                let claims = kind.claims.dropLast() + #","sha256":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}"#
                let header = #"{"alg":"\#(forge.algorithm)"\#(kind.keyID)}"#
                #expect(verifier.refusal(try forge.token(String(claims), header: header)) == .wrongTokenKind)
            }
        }
    }

    /// Whatever stands in the header beside the algorithm and the key's id: a good token stays good, a bad one bad.
    @Test(
        arguments: [
            (#""jku":"https://evil.example/keys""#, nil), (#""x5u":"https://evil.example/certificate""#, nil),
            (#""x5c":["MIIB"]"#, nil), (#""x5t":"AA""#, nil), (#""jwk":{"kty":"oct","k":"AA"}"#, nil),
            (#""jwk":null"#, nil), (#""p2c":2147483647,"p2s":"AA""#, nil), (#""apu":"AA","epk":{}"#, nil),
            (#""iss":"https://evil.example","sub":"admin""#, nil), (#""typ":"at+jwt""#, nil),
            (#""crit":["exp"]"#, AccessRefusal.Reason.malformedToken),
            (#""crit":["b64"],"b64":false"#, .malformedToken),
            (#""b64":false"#, .malformedToken), (#""typ":"JWE""#, .wrongTokenKind), (#""typ":7"#, .wrongTokenKind),
            (#""kid":{}"#, .malformedToken), (#""alg":"none""#, .algorithmNotAllowed),
            (#""kid":"../../../../dev/null""#, nil), (#""kid":"x' UNION SELECT 'secret'""#, nil),
            (#""kid":"|/usr/bin/id""#, nil),
        ] as [(String, AccessRefusal.Reason?)])
    func headerDecidesNothing(member: String, reason: AccessRefusal.Reason?) throws {
        let verifier = try verifier()
        let header = #"{"alg":"HS256",\#(member)}"#
        #expect(verifier.refusal(try Signer.own.forge().token(Kind.own.claims, header: header)) == reason)
        let forged = try Signer.stranger.forge().token(Kind.own.claims, header: header)
        #expect(verifier.refusal(forged) == reason ?? .badSignature)
    }

    /// A token within a token is no claims (RFC 7519, section 5.2), nor is what looks like claims in another form.
    @Test func whatIsSignedMustBeClaims() throws {
        let verifier = try verifier()
        let own = try Signer.own.forge()
        let inner = try own.token(Kind.own.claims)
        for payload in [
            inner, #""\#(inner)""#, "[\(Kind.own.claims)]", "null", "7", "\(Kind.own.claims) x", "\u{FEFF}{}",
        ] {
            #expect(
                verifier.refusal(try own.token(payload, header: #"{"alg":"HS256","cty":"JWT"}"#)) == .malformedToken)
        }
        let parts = inner.split(separator: ".").map(String.init)
        let others = [
            #"{"payload":"\#(parts[1])","protected":"\#(parts[0])","signature":"\#(parts[2])"}"#,
            parts[0] + "=." + parts[1] + "." + parts[2], inner + "=", inner + "\n", " " + inner, inner + ".",
            inner.replacing(".", with: ".."), parts[0] + "." + parts[1], inner + "." + inner,
        ]
        for other in others { #expect(verifier.refusal(other) == .malformedToken, "\(other)") }
    }

    /// Names twice: the last counts, for whoever signed both. An attacker who cannot sign can add none.
    @Test func lastOfTwoNamesCountsInHeaderAndClaims() throws {
        let verifier = try verifier()
        let own = try Signer.own.forge()
        let claims = #"{"exp":1,"sub":"mallory","iss":"APIabc","iss":"x",\#(Kind.own.claims.dropFirst())"#
        let header = #"{"alg":"none","alg":"HS256"}"#
        #expect(try verifier.identity(WireText(try own.token(claims, header: header)), now: now).user == "ada")
        #expect(
            verifier.refusal(try own.token(claims, header: #"{"alg":"HS256","alg":"none"}"#)) == .algorithmNotAllowed)
    }

    @Test func tokenOfManyClaimsOrDeepOnesIsBounded() throws {
        let verifier = try verifier()
        let own = try Signer.own.forge()
        let deep = String(repeating: "[", count: 2_000) + String(repeating: "]", count: 2_000)
        let many = (0..<400).map { #""c\#($0)":1"# }.joined(separator: ",")
        #expect(verifier.refusal(try own.token(#"{"x":\#(deep)}"#)) == .malformedToken)
        #expect(verifier.refusal(try own.token("{\(many),\(Kind.own.claims.dropFirst())")) == nil)
        let long = String(repeating: "x", count: Limits.tokenBytes * 4)
        #expect(verifier.refusal(long) == .malformedToken)
        #expect(verifier.refusal("\(long).\(long).\(long)") == .malformedToken)
    }

    /// Issuer and audience belong to the key: neither helps a token of another.
    @Test(
        arguments: [
            (#""iss":"https://rsa.example","aud":"relay""#, nil),
            (#""iss":"https://rsa.example","aud":["other","relay"]"#, nil),
            (#""iss":"https://rsa.example""#, AccessRefusal.Reason.wrongAudience),
            (#""iss":"https://rsa.example","aud":"other""#, .wrongAudience),
            (#""iss":"https://rsa.example","aud":"RELAY""#, .wrongAudience),
            (#""iss":"https://rsa.example","aud":["relay/"]"#, .wrongAudience),
            (#""iss":"https://rsa.example/","aud":"relay""#, .algorithmNotAllowed),
            (#""iss":"https://set.example","aud":"relay""#, .algorithmNotAllowed),
            (#""iss":"APIabc","aud":"relay""#, .algorithmNotAllowed), (#""aud":"relay""#, .algorithmNotAllowed),
            (#""iss":["https://rsa.example"],"aud":"relay""#, .malformedToken),
            (#""iss":null,"aud":"relay""#, .malformedToken),
        ] as [(String, AccessRefusal.Reason?)])
    func issuerAndAudienceAreTheKeys(members: String, reason: AccessRefusal.Reason?) throws {
        let claims = #"{"sub":"ada","exp":\#(nowSeconds + 60),"roomwire":{"rooms":["*"]},\#(members)}"#
        #expect(try verifier().refusal(Signer.rsa.forge().token(claims)) == reason)
    }
}
