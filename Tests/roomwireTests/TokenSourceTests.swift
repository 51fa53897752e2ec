import Access
import Events
import Settings
import TestSupport
import Testing
import Wire

@testable import roomwire

@Suite struct TokenSourceTests {
    func settings(_ change: (inout IssuerFile) -> Void = { _ in }) -> Settings {
        var issuer = IssuerFile(name: "own")
        issuer.hs256 = String(repeating: "s", count: 32)
        change(&issuer)
        var settings = Settings(environment: [:])
        settings.tokens.issuers = [IssuerFile(name: "idp"), issuer]
        settings.tokens.issuers[0].jwksURL = "https://idp.example.com/keys"
        return settings
    }

    @Test func theRelayOfTheSameSettingsTakesTheToken() throws {
        let settings = settings { issuer in
            issuer.issuer = "me"
            issuer.audience = "us"
        }
        let now: WallTime = 1_790_000_000_000
        let token = try TokenSource(settings).mint(
            user: "ada", scope: EventScope(rooms: PatternSet(["call_*"])), admin: true, ttlSeconds: 60, now: now)
        let identity = try TokenVerifier(settings.tokenSettings()).identity(WireText(token), now: now)
        #expect(identity.user == "ada")
        #expect(identity.grant == Grant(scope: EventScope(rooms: PatternSet(["call_*"])), admin: true))
        #expect(identity.expiresAt == now + 60_000)
    }

    @Test func twoTokensCanBeToldApart() throws {
        let source = try TokenSource(settings())
        let tokens = (0..<2).map { _ in source.mint(user: "ada", ttlSeconds: 60, now: 0) }
        #expect(tokens[0] != tokens[1])
    }

    @Test func onlyASharedSecretMakesTokens() async {
        for name in ["idp", "nobody"] {
            #expect(throws: Failure.self) { try TokenSource(settings(), issuer: name) }
        }
        let mapped = settings { $0.claims = ["rooms": "app.rooms"] }
        #expect(throws: Failure.self) { try TokenSource(mapped) }
    }
}
