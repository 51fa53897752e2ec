import Access
import Events
import TestSupport
import Testing
import Wire

@Suite struct OwnTokenTests {
    @Test func mintedTokenGivesBackUserAndGrant() throws {
        let scope = EventScope(rooms: PatternSet(["call_*", "lobby"]), types: PatternSet(["participant_*"]))
        let token = try TokenMinter(secret: ownSecret).mint(
            user: "ada", scope: scope, raw: true, ttlSeconds: 60, now: now, tokenID: "t1")
        let identity = try TokenVerifier.own().identity(WireText(token), now: now)
        #expect(
            identity
                == Identity(
                    user: "ada", grant: Grant(scope: scope, raw: true, admin: false), expiresAt: now + 60_000,
                    tokenID: "t1", issuer: "own"))
    }

    @Test func mintedTokenCarriesIssuerAndAudienceThatSettingsAskFor() throws {
        let minter = try TokenMinter(secret: ownSecret, issuer: "https://a.example", audience: "relay")
        let token = minter.mint(user: "ada", scope: .everything, ttlSeconds: 60, now: now)
        let strict = try TokenVerifier.own {
            $0.issuer = "https://a.example"
            $0.audience = "relay"
        }
        #expect(strict.refusal(token) == nil)
    }

    @Test(arguments: [
        (#"{"rooms":["a","b*"]}"#, EventScope(rooms: PatternSet(["a", "b*"]))),
        (#"{"rooms":"a"}"#, EventScope(rooms: PatternSet(["a"]))),
        (#"{"rooms":[]}"#, EventScope(rooms: PatternSet([WireText]()))),
        (#"{"rooms":["*"],"types":["room_*"]}"#, EventScope(types: PatternSet(["room_*"]))),
        (#"{"rooms":["*"],"sources":["app"]}"#, EventScope(sources: PatternSet(["app"]))),
        (#"{"rooms":["*"],"types":[]}"#, EventScope(types: PatternSet([WireText]()))),
        (#"{"rooms":["Übung*"],"later":1}"#, EventScope(rooms: PatternSet(["Übung*"]))),
    ])
    func grantClaimSaysWhatIsCovered(claim: String, scope: EventScope) throws {
        let token = try Forge.hmac(ownSecret).token(ownClaims(grant: claim))
        let identity = try TokenVerifier.own().identity(WireText(token), now: now)
        #expect(identity.grant == Grant(scope: scope, raw: false, admin: false))
    }

    @Test(arguments: [
        (#"{"rooms":[],"publish":["typing","call.*"]}"#, PatternSet(["typing", "call.*"])),
        (#"{"rooms":[],"publish":"typing"}"#, PatternSet(["typing"])),
        (#"{"rooms":[],"publish":[]}"#, PatternSet.none), (#"{"rooms":["*"],"admin":true}"#, PatternSet.none),
    ])
    func onlyTheTypesThatTheClaimNamesMayBePublished(claim: String, types: PatternSet) throws {
        let token = try Forge.hmac(ownSecret).token(ownClaims(grant: claim))
        #expect(try TokenVerifier.own().identity(WireText(token), now: now).grant.publish == types)
    }

    @Test(arguments: ["true", "null", "1", #"{"typing":true}"#, #"["typing",1]"#])
    func whatIsNoListOfTypesToPublishIsRefused(value: String) throws {
        let token = try Forge.hmac(ownSecret).token(ownClaims(grant: #"{"rooms":["*"],"publish":\#(value)}"#))
        #expect(try TokenVerifier.own().refusal(token) == .malformedToken)
    }

    @Test func aMintedTokenSaysWhatItPublishes() throws {
        let token = try TokenMinter(secret: ownSecret).mint(
            user: "ada", scope: .everything, publish: PatternSet(["call.*"]), ttlSeconds: 60, now: now)
        #expect(try TokenVerifier.own().identity(WireText(token), now: now).grant.publish == PatternSet(["call.*"]))
    }

    @Test func rawAndAdminAreGivenOnlyWhereTheyStand() throws {
        let forge = Forge.hmac(ownSecret)
        let verifier = try TokenVerifier.own()
        let token = try forge.token(ownClaims(grant: #"{"rooms":[],"raw":true,"admin":true}"#))
        let grant = try verifier.identity(WireText(token), now: now).grant
        #expect(grant.raw && grant.admin)
        for value in [#""true""#, "1", "null", "[]"] {
            for name in ["raw", "admin"] {
                let token = try forge.token(ownClaims(grant: #"{"rooms":["*"],"\#(name)":\#(value)}"#))
                #expect(verifier.refusal(token) == .malformedToken, "\(name): \(value)")
            }
        }
    }

    @Test(arguments: [
        (#"{}"#, AccessRefusal.Reason.grantCoversNothing),
        (#"{"types":["*"],"sources":["*"]}"#, .grantCoversNothing),
        (#"{"admin":true}"#, .grantCoversNothing),
        (#"{"rooms":null}"#, .malformedToken),
        (#"{"rooms":7}"#, .malformedToken),
        (#"{"rooms":["a",7]}"#, .malformedToken),
        (#"{"rooms":{"a":true}}"#, .malformedToken),
        (#"{"rooms":["a"],"types":true}"#, .malformedToken),
        (#"["*"]"#, .malformedToken),
        (#""*""#, .malformedToken),
        ("null", .malformedToken),
        ("true", .malformedToken),
    ])
    func grantThatNamesNoRoomsIsRefused(claim: String, reason: AccessRefusal.Reason) throws {
        let token = try Forge.hmac(ownSecret).token(ownClaims(grant: claim))
        let verifier = try TokenVerifier.own()
        #expect(verifier.refusal(token) == reason)
    }

    @Test func tokenWithoutGrantCoversNothingUnlessTheIssuerHasADefault() throws {
        let token = try Forge.hmac(ownSecret).token(#"{"sub":"ada","exp":\#(nowSeconds + 60)}"#)
        let verifier = try TokenVerifier.own()
        let refusal = #expect(throws: AccessRefusal.self) { try verifier.identity(WireText(token), now: now) }
        #expect(refusal?.reason == .grantCoversNothing)
        #expect(refusal?.status == 403)
        let lobby = Grant(scope: EventScope(rooms: PatternSet(["lobby"])), raw: true)
        let generous = try TokenVerifier.own { $0.defaultGrant = lobby }
        #expect(try generous.identity(WireText(token), now: now).grant == lobby)
    }

    @Test func claimOfTheTokenWinsOverTheDefaultGrant() throws {
        let generous = try TokenVerifier.own { $0.defaultGrant = Grant(scope: .everything, raw: true) }
        let token = try Forge.hmac(ownSecret).token(ownClaims(grant: #"{"rooms":["a"],"raw":false}"#))
        #expect(
            try generous.identity(WireText(token), now: now).grant == Grant(scope: EventScope(rooms: PatternSet(["a"])))
        )
    }

    @Test(arguments: [
        #"{"exp":\#(nowSeconds + 60),"roomwire":{"rooms":["*"]}}"#,
        #"{"sub":"","exp":\#(nowSeconds + 60),"roomwire":{"rooms":["*"]}}"#,
        #"{"sub":42,"exp":\#(nowSeconds + 60),"roomwire":{"rooms":["*"]}}"#,
        #"{"sub":null,"exp":\#(nowSeconds + 60),"roomwire":{"rooms":["*"]}}"#,
        #"{"sub":["ada"],"exp":\#(nowSeconds + 60),"roomwire":{"rooms":["*"]}}"#,
    ])
    func tokenThatNamesNoUserIsRefused(claims: String) throws {
        let token = try Forge.hmac(ownSecret).token(claims)
        let verifier = try TokenVerifier.own()
        #expect(verifier.refusal(token) == .malformedToken)
    }

    @Test func mappedClaimsMakeASupabaseTokenWork() throws {
        let verifier = try TokenVerifier.own {
            $0.issuer = "https://x.supabase.co/auth/v1"
            $0.audience = "authenticated"
            $0.claims = ClaimNames(rooms: "app_metadata.rooms", admin: "app_metadata.relay.admin")
        }
        let token = try Forge.hmac(ownSecret).token(
            #"""
            {"iss":"https://x.supabase.co/auth/v1","aud":"authenticated","exp":\#(nowSeconds + 60),"sub":"1d2e",
            "role":"authenticated","app_metadata":{"rooms":["team_7_*"],"relay":{"admin":true}},
            "user_metadata":{"rooms":["*"]}}
            """#)
        let identity = try verifier.identity(WireText(token), now: now)
        #expect(identity.user == "1d2e")
        #expect(identity.grant == Grant(scope: EventScope(rooms: PatternSet(["team_7_*"])), admin: true))
    }

    @Test func claimNameWithDotsInItIsFound() throws {
        let verifier = try TokenVerifier.own {
            $0.claims = ClaimNames(user: "https://a.example/u.id", grant: "https://a.example/relay.v1")
        }
        let token = try Forge.hmac(ownSecret).token(
            #"""
            {"exp":\#(nowSeconds + 60),"https://a.example/u":{"id":"ada"},
            "https://a.example/relay.v1":{"rooms":["a"]}}
            """#)
        #expect(try verifier.identity(WireText(token), now: now).user == "ada")
    }

    @Test func mappedClaimReplacesTheGrantsMember() throws {
        let verifier = try TokenVerifier.own { $0.claims = ClaimNames(rooms: "teams") }
        let token = try Forge.hmac(ownSecret).token(ownClaims(#""teams":["a"],"#, grant: #"{"rooms":["*"]}"#))
        #expect(try verifier.identity(WireText(token), now: now).grant.scope.rooms == PatternSet(["a"]))
        let without = try Forge.hmac(ownSecret).token(ownClaims(grant: #"{"rooms":["*"]}"#))
        #expect(verifier.refusal(without) == .grantCoversNothing)
    }
}
