import Events
import Testing
import Wire

@testable import Access

@Suite struct LiveKitTokenTests {
    private static let key = "APIabc"
    // What `livekit-server --dev` uses: far shorter than HS256 wants.
    private static let secret = "secret"

    private func verifier() throws -> TokenVerifier {
        try TokenVerifier(
            TokenSettings(
                issuers: [IssuerSettings(name: "own", hs256: ownSecret)],
                livekitKeys: [SourceKey(name: WireText(Self.key), secret: WireText(Self.secret), sources: ["calls"])]))
    }

    private func token(
        _ members: String, key: String = key, secret: String = secret, header: String? = nil
    ) throws -> String {
        try Forge.hmac(secret).token(
            #"{"iss":"\#(key)","exp":\#(nowSeconds + 60),"nbf":\#(nowSeconds)\#(members)}"#, header: header)
    }

    @Test(arguments: ["roomJoin", "roomAdmin"])
    func whoMayJoinOrRunARoomMayWatchIt(permission: String) throws {
        let token = try token(#","sub":"ada","jti":"t1","video":{"\#(permission)":true,"room":"call_42"}"#)
        #expect(
            try verifier().identity(WireText(token), now: now)
                == Identity(
                    user: "ada",
                    grant: Grant(scope: EventScope(rooms: PatternSet(["call_42"]), sources: PatternSet(["calls"]))),
                    expiresAt: now + 60_000, tokenID: "t1", issuer: "source:calls", isAddressable: false))
    }

    @Test func whoMayListRoomsMayWatchAllOfTheSource() throws {
        let token = try token(#","sub":"ops","video":{"roomList":true,"roomJoin":true,"room":"call_42"}"#)
        #expect(
            try verifier().identity(WireText(token), now: now).grant
                == Grant(scope: EventScope(sources: PatternSet(["calls"]))))
    }

    @Test func tokenIDStandsInForAnEmptyIdentity() throws {
        for subject in ["", #""sub":"","#] {
            let token = try token(#",\#(subject)"jti":"t1","video":{"roomList":true}"#)
            #expect(try verifier().identity(WireText(token), now: now).user == "t1")
        }
        let nobody = try token(#","sub":"","video":{"roomList":true}"#)
        #expect(try verifier().refusal(nobody) == .malformedToken)
    }

    @Test(arguments: [
        (#""video":{"roomJoin":true}"#, AccessRefusal.Reason.grantCoversNothing),
        (#""video":{"roomJoin":true,"room":""}"#, .grantCoversNothing),
        (#""video":{"roomAdmin":true}"#, .grantCoversNothing),
        (#""video":{"roomJoin":false,"room":"a"}"#, .grantCoversNothing),
        (#""video":{"room":"a"}"#, .grantCoversNothing),
        (#""video":{"roomCreate":true,"roomRecord":true,"room":"a"}"#, .grantCoversNothing),
        (#""video":{"roomJoin":"true","room":"a"}"#, .grantCoversNothing),
        (#""video":{"roomJoin":1,"room":"a"}"#, .grantCoversNothing),
        (#""video":{"roomJoin":true,"room":["a"]}"#, .grantCoversNothing),
        (#""video":[]"#, .grantCoversNothing),
        (#""sip":{"admin":true}"#, .grantCoversNothing),
        (#""roomwire":{"rooms":["*"],"admin":true}"#, .grantCoversNothing),
        (#""sha256":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=""#, .wrongTokenKind),
        (#""sha256":"x","video":{"roomList":true}"#, .wrongTokenKind),
        (#""sha256":null,"video":{"roomList":true}"#, .wrongTokenKind),
    ])
    func tokenThatIsNotForWatchingIsRefused(members: String, reason: AccessRefusal.Reason) throws {
        #expect(try verifier().refusal(token(#","sub":"ada",\#(members)"#)) == reason)
    }

    @Test(arguments: ["a*b", "*", "**", "call_*"])
    func roomWithAStarInItsNameOpensNoOtherRoom(room: String) throws {
        let token = try token(#","sub":"ada","video":{"roomJoin":true,"room":"\#(room)"}"#)
        #expect(try verifier().refusal(token) == .grantCoversNothing)
    }

    @Test func keyOfOneIssuerSignsForNoOther() throws {
        let video = #","sub":"ada","video":{"roomList":true}"#
        let verifier = try verifier()
        #expect(verifier.refusal(try token(video, secret: "other")) == .badSignature)
        #expect(verifier.refusal(try token(video, secret: ownSecret)) == .badSignature)
        #expect(verifier.refusal(try token(video, key: "APIother")) == .badSignature)
        // Our own secret signs own tokens only: what LiveKit means by `video` counts for nothing in them.
        #expect(verifier.refusal(try token(video, key: "APIother", secret: ownSecret)) == .grantCoversNothing)
    }

    @Test func onlyHS256Counts() throws {
        let claims = #"{"iss":"APIabc","sub":"ada","exp":\#(nowSeconds + 60),"video":{"roomList":true}}"#
        for digest in [Forge.hmac(Self.secret, .sha384), Forge.hmac(Self.secret, .sha512)] {
            #expect(try verifier().refusal(digest.token(claims)) == .algorithmNotAllowed)
        }
    }
}

@Suite struct SourceKeyTests {
    private func identity(_ keys: [SourceKey], secret: String, audience: PatternSet? = nil) throws -> Identity {
        var settings = TokenSettings(livekitKeys: keys)
        settings.livekitAudience = audience
        let token = try Forge.hmac(secret).token(
            #"{"iss":"API","exp":\#(nowSeconds + 60),"sub":"bob","video":{"roomJoin":true,"room":"r"}}"#)
        return try TokenVerifier(settings).identity(WireText(token), now: now)
    }

    @Test func tokenCoversTheSourceWhoseSecretSignedIt() throws {
        // Two tenants whose servers have the same API key, as `devkey`, and secrets of their own.
        let keys = [
            SourceKey(name: "API", secret: "one", sources: ["a"]),
            SourceKey(name: "API", secret: "two", sources: ["b"]),
        ]
        for (secret, source) in [("one", "a"), ("two", "b")] {
            let identity = try identity(keys, secret: secret)
            #expect(identity.grant.scope.sources == PatternSet([WireText(source)]))
            #expect(identity.principal == Principal(issuer: "source:\(source)", user: "bob"))
        }
    }

    @Test func sourcesWithOneKeyAreCoveredTogether() throws {
        let keys = ["a" as WireText, "b"].map { SourceKey(name: "API", secret: "one", sources: [$0]) }
        let identity = try identity(keys, secret: "one")
        #expect(identity.grant.scope.sources == PatternSet(["a", "b"]))
        #expect(identity.issuer == "source:a,b")
    }

    @Test func keyWithoutASourceCoversNothing() throws {
        let error = #expect(throws: AccessRefusal.self) {
            try identity([SourceKey(name: "API", secret: "one", sources: [])], secret: "one")
        }
        #expect(error?.reason == .grantCoversNothing)
    }

    @Test func holderIsNamedByOtherSourcesOnlyWhereSettingsSaySo() throws {
        let keys = [SourceKey(name: "API", secret: "one", sources: ["a"])]
        func receives(_ identity: Identity) throws -> Bool {
            let filter = try effectiveFilter(for: identity, requested: .everything)
            var event = Event(
                type: EventType(rawValue: "call.ringing"), source: "app", provider: "standard", room: "r",
                receivedAt: now)
            event.users = ["bob"]
            return filter.admits(event, to: identity.isAddressable ? identity.user : nil)
        }
        #expect(try receives(identity(keys, secret: "one")) == false)
        #expect(try receives(identity(keys, secret: "one", audience: .all)))
        var own = try identity(keys, secret: "one")
        own.isAddressable = true
        // A grant on sources of one's own goes on limiting what names the user.
        #expect(try receives(own) == false)
    }
}

@Suite struct DailyTokenTests {
    private static let key = "daily-api-key"

    private func verifier() throws -> TokenVerifier {
        try TokenVerifier(
            TokenSettings(
                issuers: [IssuerSettings(name: "own", hs256: ownSecret)],
                dailyKeys: ["old", Self.key].map { SourceKey(secret: WireText($0), sources: ["daily"]) }))
    }

    private func token(_ members: String) throws -> String {
        try Forge.hmac(Self.key).token(#"{"iat":\#(nowSeconds),"exp":\#(nowSeconds + 60),\#(members)}"#)
    }

    @Test func meetingTokenOpensItsRoom() throws {
        let token = try token(#""d":"dom","r":"standup","ud":"ada","u":"Ada","o":true"#)
        #expect(
            try verifier().identity(WireText(token), now: now)
                == Identity(
                    user: "ada",
                    grant: Grant(scope: EventScope(rooms: PatternSet(["standup"]), sources: PatternSet(["daily"]))),
                    expiresAt: now + 60_000, issuer: "source:daily", isAddressable: false))
    }

    @Test(arguments: [
        (#""d":"dom","ud":"ada""#, AccessRefusal.Reason.grantCoversNothing),
        (#""d":"dom","ud":"ada","r":"""#, .grantCoversNothing),
        (#""d":"dom","ud":"ada","r":"a*""#, .grantCoversNothing),
        (#""d":"dom","r":"standup","u":"Ada""#, .malformedToken),
        (#""d":"dom","r":"standup","ud":7"#, .malformedToken),
        (#""r":"standup","ud":"ada""#, .badSignature),
        (#""iss":"x","d":"dom","r":"standup","ud":"ada""#, .badSignature),
    ])
    func incompleteMeetingTokenIsRefused(members: String, reason: AccessRefusal.Reason) throws {
        #expect(try verifier().refusal(token(members)) == reason)
    }

    @Test func withoutDailyKeysMeetingTokensAreStrangers() throws {
        let token = try token(#""d":"dom","r":"standup","ud":"ada""#)
        #expect(try TokenVerifier.own().refusal(token) == .badSignature)
    }
}
