import Access
import Events
import JWTKit
import Testing

@Suite struct IssuerTests {
    private func claims(_ issuer: String?, audience: String? = nil) -> String {
        let name = issuer.map { #""iss":\#($0),"# } ?? ""
        return ownClaims(name + (audience.map { #""aud":\#($0),"# } ?? ""))
    }

    @Test(
        arguments: [
            (#""https://a.example""#, nil), (#""https://a.example/""#, AccessRefusal.Reason.unknownIssuer),
            (#""HTTPS://A.EXAMPLE""#, .unknownIssuer), (#""""#, .unknownIssuer), (nil, .unknownIssuer),
            ("7", .malformedToken), (#"["https://a.example"]"#, .malformedToken), ("null", .malformedToken),
        ] as [(String?, AccessRefusal.Reason?)])
    func issuerMustBeTheOneOfTheSettings(issuer: String?, reason: AccessRefusal.Reason?) async throws {
        let verifier = try await TokenVerifier.own { $0.issuer = "https://a.example" }
        #expect(verifier.refusal(try await Forge.hmac(ownSecret).token(claims(issuer))) == reason)
    }

    @Test(
        arguments: [
            (#""relay""#, nil), (#"["other","relay"]"#, nil),
            (#""other""#, AccessRefusal.Reason.wrongAudience), (#"["other"]"#, .wrongAudience), ("[]", .wrongAudience),
            (#""""#, .wrongAudience), (#""relay ""#, .wrongAudience), ("7", .wrongAudience), ("null", .wrongAudience),
            (#"{"relay":true}"#, .wrongAudience), (#"[["relay"]]"#, .wrongAudience), (nil, .wrongAudience),
        ] as [(String?, AccessRefusal.Reason?)])
    func audienceMustHoldTheOneOfTheSettings(audience: String?, reason: AccessRefusal.Reason?) async throws {
        let verifier = try await TokenVerifier.own { $0.audience = "relay" }
        #expect(verifier.refusal(try await Forge.hmac(ownSecret).token(claims(nil, audience: audience))) == reason)
    }

    @Test func tokenMadeForAnAudienceIsRefusedWhereSettingsNameNone() async throws {
        let token = try await Forge.hmac(ownSecret).token(claims(nil, audience: #""other""#))
        #expect(try await TokenVerifier.own().refusal(token) == .wrongAudience)
    }

    @Test func bothSecretsCountDuringARotation() async throws {
        let next = "another secret, long enough as well!"
        let verifier = try await TokenVerifier.make(
            TokenSettings(issuers: [
                IssuerSettings(name: "own", hs256: ownSecret), IssuerSettings(name: "own-next", hs256: next),
            ]))
        for (secret, name) in [(ownSecret, "own"), (next, "own-next")] {
            let token = try await Forge.hmac(secret).token(ownClaims())
            #expect(try verifier.identity(WireText(token), now: now).issuer == name)
        }
        let stranger = try await Forge.hmac("a third secret, of sufficient length").token(ownClaims())
        #expect(verifier.refusal(stranger) == .badSignature)
    }

    @Test func issuerThatIsNamedIsTheOnlyOneTried() async throws {
        let other = "the other issuer's secret, also long"
        let verifier = try await TokenVerifier.make(
            TokenSettings(issuers: [
                IssuerSettings(name: "own", hs256: ownSecret),
                IssuerSettings(name: "idp", hs256: other, issuer: "https://a.example"),
            ]))
        let claims = claims(#""https://a.example""#)
        #expect(try verifier.identity(WireText(await Forge.hmac(other).token(claims)), now: now).issuer == "idp")
        #expect(verifier.refusal(try await Forge.hmac(ownSecret).token(claims)) == .badSignature)
        #expect(verifier.refusal(try await Forge.hmac(other).token(self.claims(nil))) == .badSignature)
    }

    @Test func everyKindOfPublicKeyVerifies() async throws {
        let rsa = try TestKeys.rsa.get()
        let (p256, p384, edwards) = (ES256PrivateKey(), ES384PrivateKey(), try EdDSA.PrivateKey())
        let cases = [
            (rsa.publicKey.pemRepresentation, try await Forge.rsa(rsa)),
            (p256.publicKey.pemRepresentation, try await Forge.ecdsa(p256)),
            (p384.publicKey.pemRepresentation, try await Forge.ecdsa(p384)),
            (edwards.publicKey.pemRepresentation, try await Forge.eddsa(edwards)),
        ]
        for (index, (pem, forge)) in cases.enumerated() {
            let verifier = try await TokenVerifier.own {
                $0.hs256 = nil
                $0.publicKeysPEM = [pem]
            }
            #expect(verifier.refusal(try forge.token(ownClaims())) == nil, "\(forge.algorithm)")
            let other = cases[(index + 1) % cases.count].1
            #expect(verifier.refusal(try other.token(ownClaims())) == .algorithmNotAllowed)
        }
    }

    @Test func rsaKeyVerifiesOnlyWithTheAlgorithmsAllowed() async throws {
        let rsa = try TestKeys.rsa.get()
        func verifier(_ algorithms: [String]) async throws -> TokenVerifier {
            try await TokenVerifier.own {
                $0.hs256 = nil
                $0.publicKeysPEM = [rsa.publicKey.pemRepresentation]
                $0.algorithms = algorithms
            }
        }
        let token = try await Forge.rsa(rsa, .sha512).token(ownClaims())
        #expect(try await verifier([]).refusal(token) == .algorithmNotAllowed)
        #expect(try await verifier(["RS512"]).refusal(token) == nil)
        #expect(try await verifier(["RS512"]).refusal(Forge.rsa(rsa).token(ownClaims())) == .algorithmNotAllowed)
    }

    @Test func severalPublicKeysCountDuringARotation() async throws {
        let (old, new) = (ES256PrivateKey(), ES256PrivateKey())
        let verifier = try await TokenVerifier.own {
            $0.hs256 = nil
            $0.publicKeysPEM = [old, new].map(\.publicKey.pemRepresentation)
        }
        for key in [old, new] { #expect(verifier.refusal(try await Forge.ecdsa(key).token(ownClaims())) == nil) }
    }

    private static let pem = ES256PrivateKey().publicKey.pemRepresentation

    @Test(arguments: [
        (IssuerSettings(name: "own"), "hs256"),
        (IssuerSettings(name: "own", hs256: ""), "hs256"),
        (IssuerSettings(name: "own", hs256: "only thirty-one bytes, not more"), "hs256"),
        (IssuerSettings(name: "own", hs256: ownSecret, publicKeysPEM: [pem]), "hs256"),
        (IssuerSettings(name: "own", hs256: ownSecret, awaitsKeys: true), "hs256"),
        (IssuerSettings(name: "own", hs256: ownSecret, algorithms: ["RS256"]), "hs256"),
        (IssuerSettings(name: "own", publicKeysPEM: [pem], algorithms: ["HS256"]), "algorithms"),
        (IssuerSettings(name: "own", publicKeysPEM: [pem], algorithms: ["none"]), "algorithms"),
        (IssuerSettings(name: "own", publicKeysPEM: [pem], algorithms: ["es256"]), "algorithms"),
        (IssuerSettings(name: "own", publicKeysPEM: [pem], algorithms: ["RS256"]), "public_keys"),
        (IssuerSettings(name: "own", publicKeysPEM: [pem], awaitsKeys: true), "public_keys"),
        (IssuerSettings(name: "own", publicKeysPEM: ["not a key"]), "public_keys"),
        (IssuerSettings(name: "own", publicKeysPEM: [ES256PrivateKey().pemRepresentation]), "public_keys"),
        (IssuerSettings(name: "own", publicKeysPEM: [ES512PrivateKey().publicKey.pemRepresentation]), "public_keys"),
        (IssuerSettings(name: "own", jwks: "{}"), "jwks"),
    ])
    func settingsThatCannotWorkAreErrors(settings: IssuerSettings, setting: String) async throws {
        let error = await #expect(throws: TokenSettingsError.self) {
            try await TokenVerifier.make(TokenSettings(issuers: [settings]))
        }
        #expect(error?.issuer == "own")
        #expect(error?.setting == setting)
    }

    @Test func twoIssuersOfOneNameAreAnError() async throws {
        let issuer = IssuerSettings(name: "own", hs256: ownSecret)
        let error = await #expect(throws: TokenSettingsError.self) {
            try await TokenVerifier.make(TokenSettings(issuers: [issuer, issuer]))
        }
        #expect(error?.setting == "name")
    }

    @Test func emptyLiveKitOrDailySecretIsAnError() async throws {
        for settings in [TokenSettings(livekitKeys: ["APIabc": ""]), TokenSettings(dailyKeys: [""])] {
            await #expect(throws: TokenSettingsError.self) { try await TokenVerifier.make(settings) }
        }
    }

    @Test func minterRefusesASecretThatTheVerifierWouldRefuse() async throws {
        await #expect(throws: TokenSettingsError.self) { try await TokenMinter.make(secret: "short") }
    }

    @Test func withoutAnyKeyNobodyComesIn() async throws {
        let token = try await Forge.hmac(ownSecret).token(ownClaims())
        #expect(try await TokenVerifier.make(TokenSettings()).refusal(token) == .unknownIssuer)
    }
}
