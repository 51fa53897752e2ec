import Access
import Crypto
import CryptoExtras
import Events
import Testing
import Wire

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
    func issuerMustBeTheOneOfTheSettings(issuer: String?, reason: AccessRefusal.Reason?) throws {
        let verifier = try TokenVerifier.own { $0.issuer = "https://a.example" }
        #expect(verifier.refusal(try Forge.hmac(ownSecret).token(claims(issuer))) == reason)
    }

    @Test(
        arguments: [
            (#""relay""#, nil), (#"["other","relay"]"#, nil),
            (#""other""#, AccessRefusal.Reason.wrongAudience), (#"["other"]"#, .wrongAudience), ("[]", .wrongAudience),
            (#""""#, .wrongAudience), (#""relay ""#, .wrongAudience), ("7", .wrongAudience), ("null", .wrongAudience),
            (#"{"relay":true}"#, .wrongAudience), (#"[["relay"]]"#, .wrongAudience), (nil, .wrongAudience),
        ] as [(String?, AccessRefusal.Reason?)])
    func audienceMustHoldTheOneOfTheSettings(audience: String?, reason: AccessRefusal.Reason?) throws {
        let verifier = try TokenVerifier.own { $0.audience = "relay" }
        #expect(verifier.refusal(try Forge.hmac(ownSecret).token(claims(nil, audience: audience))) == reason)
    }

    @Test func tokenMadeForAnAudienceIsRefusedWhereSettingsNameNone() throws {
        let token = try Forge.hmac(ownSecret).token(claims(nil, audience: #""other""#))
        #expect(try TokenVerifier.own().refusal(token) == .wrongAudience)
    }

    @Test func bothSecretsCountDuringARotation() throws {
        let next = "another secret, long enough as well!"
        let verifier = try TokenVerifier(
            TokenSettings(issuers: [
                IssuerSettings(name: "own", hs256: ownSecret), IssuerSettings(name: "own-next", hs256: next),
            ]))
        for (secret, name) in [(ownSecret, "own"), (next, "own-next")] {
            let token = try Forge.hmac(secret).token(ownClaims())
            #expect(try verifier.identity(WireText(token), now: now).issuer.string == name)
        }
        let stranger = try Forge.hmac("a third secret, of sufficient length").token(ownClaims())
        #expect(verifier.refusal(stranger) == .badSignature)
    }

    @Test func issuerThatIsNamedIsTheOnlyOneTried() throws {
        let other = "the other issuer's secret, also long"
        let verifier = try TokenVerifier(
            TokenSettings(issuers: [
                IssuerSettings(name: "own", hs256: ownSecret),
                IssuerSettings(name: "idp", hs256: other, issuer: "https://a.example"),
            ]))
        let claims = claims(#""https://a.example""#)
        #expect(try verifier.identity(WireText(Forge.hmac(other).token(claims)), now: now).issuer == "idp")
        #expect(verifier.refusal(try Forge.hmac(ownSecret).token(claims)) == .badSignature)
        #expect(verifier.refusal(try Forge.hmac(other).token(self.claims(nil))) == .badSignature)
    }

    @Test func everyKindOfPublicKeyVerifies() throws {
        let rsa = try TestKeys.rsa.get()
        let (p256, p384) = (P256.Signing.PrivateKey(), P384.Signing.PrivateKey())
        let edwards = Curve25519.Signing.PrivateKey()
        let cases = [
            (rsa.publicKey.pemRepresentation, Forge.rsa(rsa)),
            (p256.publicKey.pemRepresentation, Forge.ecdsa(p256)),
            (p384.publicKey.pemRepresentation, Forge.ecdsa(p384)),
            (edwards.publicKey.pemRepresentation, Forge.eddsa(edwards)),
        ]
        for (index, (pem, forge)) in cases.enumerated() {
            let verifier = try TokenVerifier.own {
                $0.hs256 = nil
                $0.publicKeysPEM = [pem]
            }
            #expect(verifier.refusal(try forge.token(ownClaims())) == nil, "\(forge.algorithm)")
            let other = cases[(index + 1) % cases.count].1
            #expect(verifier.refusal(try other.token(ownClaims())) == .algorithmNotAllowed)
        }
    }

    @Test func rsaKeyVerifiesOnlyWithTheAlgorithmsAllowed() throws {
        let rsa = try TestKeys.rsa.get()
        func verifier(_ algorithms: [SignatureAlgorithm]) throws -> TokenVerifier {
            try TokenVerifier.own {
                $0.hs256 = nil
                $0.publicKeysPEM = [rsa.publicKey.pemRepresentation]
                $0.algorithms = algorithms
            }
        }
        let token = try Forge.rsa(rsa, .sha512).token(ownClaims())
        #expect(try verifier([]).refusal(token) == .algorithmNotAllowed)
        #expect(try verifier([.rs512]).refusal(token) == nil)
        #expect(try verifier([.rs512]).refusal(Forge.rsa(rsa).token(ownClaims())) == .algorithmNotAllowed)
    }

    @Test func severalPublicKeysCountDuringARotation() throws {
        let (old, new) = (P256.Signing.PrivateKey(), P256.Signing.PrivateKey())
        let verifier = try TokenVerifier.own {
            $0.hs256 = nil
            $0.publicKeysPEM = [old, new].map(\.publicKey.pemRepresentation)
        }
        for key in [old, new] { #expect(verifier.refusal(try Forge.ecdsa(key).token(ownClaims())) == nil) }
    }

    private static let pem = P256.Signing.PrivateKey().publicKey.pemRepresentation

    @Test(arguments: [
        (IssuerSettings(name: "own"), "hs256"),
        (IssuerSettings(name: "own", hs256: ""), "hs256"),
        (IssuerSettings(name: "own", hs256: "only thirty-one bytes, not more"), "hs256"),
        (IssuerSettings(name: "own", hs256: ownSecret, publicKeysPEM: [pem]), "hs256"),
        (IssuerSettings(name: "own", hs256: ownSecret, awaitsKeys: true), "hs256"),
        (IssuerSettings(name: "own", hs256: ownSecret, algorithms: [.rs256]), "hs256"),
        (IssuerSettings(name: "own", publicKeysPEM: [pem], algorithms: [.hs256]), "algorithms"),
        (IssuerSettings(name: "own", publicKeysPEM: [pem], algorithms: [.rs256]), "public_keys"),
        (IssuerSettings(name: "own", publicKeysPEM: [pem], awaitsKeys: true), "public_keys"),
        (IssuerSettings(name: "own", publicKeysPEM: ["not a key"]), "public_keys"),
        (IssuerSettings(name: "own", publicKeysPEM: [P256.Signing.PrivateKey().pemRepresentation]), "public_keys"),
        (
            IssuerSettings(name: "own", publicKeysPEM: [P521.Signing.PrivateKey().publicKey.pemRepresentation]),
            "public_keys"
        ),
        (IssuerSettings(name: "own", jwks: "{}"), "jwks"),
    ])
    func settingsThatCannotWorkAreErrors(settings: IssuerSettings, setting: String) throws {
        let error = #expect(throws: TokenSettingsError.self) {
            try TokenVerifier(TokenSettings(issuers: [settings]))
        }
        #expect(error?.issuer == "own")
        #expect(error?.setting == setting)
    }

    @Test func twoIssuersOfOneNameAreAnError() throws {
        let issuer = IssuerSettings(name: "own", hs256: ownSecret)
        let error = #expect(throws: TokenSettingsError.self) {
            try TokenVerifier(TokenSettings(issuers: [issuer, issuer]))
        }
        #expect(error?.setting == "name")
    }

    @Test func emptyLiveKitOrDailySecretIsAnError() throws {
        for settings in [
            TokenSettings(livekitKeys: [SourceKey(name: "APIabc", secret: "", sources: ["a"])]),
            TokenSettings(dailyKeys: [SourceKey(secret: "", sources: ["a"])]),
        ] {
            #expect(throws: TokenSettingsError.self) { try TokenVerifier(settings) }
        }
    }

    @Test func minterRefusesASecretThatTheVerifierWouldRefuse() throws {
        #expect(throws: TokenSettingsError.self) { try TokenMinter(secret: "short") }
    }

    @Test func withoutAnyKeyNobodyComesIn() throws {
        let token = try Forge.hmac(ownSecret).token(ownClaims())
        #expect(try TokenVerifier(TokenSettings()).refusal(token) == .unknownIssuer)
    }
}
