import Access
import Events
import TestSupport
import Testing
import Wire

@testable import Settings

@Suite struct SettingsTokensTests {
    @Test func issuersBecomeWhatAccessVerifiesWith() throws {
        let folder = try TemporaryFolder()
        let yaml = """
            sources:
              one: {provider: livekit, keys: {APIa: a}}
              two: {provider: livekit, keys: {APIb: b}}
              app: {provider: standard, secrets: [s]}
            tokens:
              issuers:
                - {name: own, hs256: \(String(repeating: "s", count: 32)), issuer: me, audience: us}
                - {name: url, jwks_url: https://idp.example.com/keys, algorithms: [ES256]}
                - name: file
                  jwks_file: \(try folder.file("keys.json", "{}"))
                  claims: {user: email, grant: app, rooms: app.rooms, admin: app.boss}
                - {name: pem, public_key_files: [\(try folder.file("key.pem", "PEM"))]}
            """
        let tokens = try load(yaml).tokenSettings()
        #expect(
            Set(tokens.livekitKeys) == [
                SourceKey(name: "APIa", secret: "a", sources: ["one"]),
                SourceKey(name: "APIb", secret: "b", sources: ["two"]),
            ])
        #expect(tokens.issuers.map(\.name) == ["own", "url", "file", "pem"])
        #expect(tokens.issuers[0].issuer == "me")
        #expect(tokens.issuers[0].audience == "us")
        #expect(tokens.issuers.map(\.awaitsKeys) == [false, true, false, false])
        #expect(tokens.issuers[1].algorithms == [.es256])
        #expect(tokens.issuers[2].jwks == "{}")
        #expect(
            tokens.issuers[2].claims
                == ClaimNames(user: "email", grant: "app", rooms: "app.rooms", admin: "app.boss"))
        #expect(tokens.issuers[3].publicKeysPEM == ["PEM"])
    }

    @Test func whatTokensMustBeIsHandedOn() throws {
        let folder = try TemporaryFolder()
        let authority = try folder.file("ca.pem", "-----BEGIN CERTIFICATE-----\n")
        let yaml = """
            tokens:
              issuers:
                - {name: a, jwks_url: https://a.example, jwks_ca_file: \(authority), default_grant: {rooms: []}}
              daily: [one, two]
              leeway: 500ms
              require_expiry: false
            """
        let tokens = try load(yaml).tokenSettings()
        #expect(tokens.issuers[0].defaultGrant == Grant(scope: EventScope(rooms: PatternSet([WireText]()))))
        #expect(tokens.dailyKeys.map(\.secret) == ["one", "two"])
        #expect(tokens.leewayMilliseconds == 500)
        #expect(!tokens.requireExpiry)
    }

    @Test func anAuthorityThatIsNoCertificateIsNamed() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("ca.pem", "nothing")
        let settings = try load("tokens: {issuers: [{name: a, jwks_url: https://x.example, jwks_ca_file: \(path)}]}")
        let expected = TokenSettingsError(
            issuer: "a", setting: "jwks_ca_file", problem: "\(path) holds no certificate in PEM")
        #expect(throws: expected) { try settings.tokenSettings() }
    }

    @Test func liveKitsTokensCanBeTurnedOff() throws {
        let yaml = "sources: {one: {provider: livekit, keys: {APIa: a}}}\ntokens: {livekit: false}"
        #expect(try load(yaml).tokenSettings().livekitKeys.isEmpty)
    }

    @Test(
        arguments: [
            ("a: {provider: daily, secrets: [czM=]}", ["one"], ["a"], 0),
            ("a: {provider: daily, secrets: [czM=]}, b: {provider: daily, secrets: [czM=]}", ["b:one"], ["b"], 0),
            ("a: {provider: daily, secrets: [czM=]}, b: {provider: daily, secrets: [czM=]}", ["one"], [], 1),
            ("a: {provider: livekit, keys: {k: s}}", ["one"], [], 1),
        ] as [(String, [String], [WireText], Int)])
    func keyOfDailyBelongsToOneSource(sources: String, keys: [String], covered: [WireText], warnings: Int) throws {
        let settings = try load("sources: {\(sources)}\ntokens: {daily: [\(keys.joined(separator: ", "))]}")
        #expect(try settings.tokenSettings().dailyKeys == [SourceKey(secret: "one", sources: covered)])
        #expect(settings.dailyKeyWarnings.count == warnings)
    }

    @Test func usersOfProvidersAreNamedByNoEventUnlessSettingsSaySo() throws {
        let issuer = "{name: a, hs256: \(String(repeating: "s", count: 32))}"
        let tokens = try load("tokens: {issuers: [\(issuer)]}").tokenSettings()
        #expect(tokens.issuers[0].isAddressable)
        #expect(tokens.livekitAudience == nil && tokens.dailyAudience == nil)
        let silent = issuer.replacing("}", with: ", users: false}")
        let other = try load("tokens: {issuers: [\(silent)], livekit_users: true, daily_users: true}").tokenSettings()
        #expect(!other.issuers[0].isAddressable)
        #expect(other.livekitAudience == .all && other.dailyAudience == .all)
    }

    @Test func issuerWithTheUsersOfAnotherNamesOneThatIsThere() throws {
        let secret = String(repeating: "s", count: 32)
        let own = "{name: own, hs256: \(secret)}"
        let next = "{name: next, hs256: \(secret)t, same_as: own}"
        #expect(try load("tokens: {issuers: [\(own), \(next)]}").tokens.issuers[1].sameAs == "own")
        #expect(throws: SettingsError.self) { try load("tokens: {issuers: [\(next)]}") }
        #expect(throws: SettingsError.self) { try load("tokens: {issuers: [{name: 'source:a', hs256: \(secret)}]}") }
    }

    @Test func aKeyFileThatCannotBeReadIsNamed() throws {
        let yaml = "tokens: {issuers: [{name: a, jwks_file: /nowhere/keys.json}]}"
        let settings = try load(yaml)
        let problem = "/nowhere/keys.json cannot be read"
        let expected = TokenSettingsError(issuer: "a", setting: "jwks_file", problem: problem)
        #expect(throws: expected) { try settings.tokenSettings() }
    }
}
