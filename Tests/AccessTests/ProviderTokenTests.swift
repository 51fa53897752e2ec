import Access
import Events
import JWTKit
import Testing

@Suite struct LiveKitTokenTests {
    private static let key = "APIabc"
    // What `livekit-server --dev` uses: far shorter than HS256 wants.
    private static let secret = "secret"

    private func verifier() async throws -> TokenVerifier {
        try await TokenVerifier.make(
            TokenSettings(
                issuers: [IssuerSettings(name: "own", hs256: ownSecret)], livekitKeys: [Self.key: Self.secret]))
    }

    private func token(
        _ members: String, key: String = key, secret: String = secret, header: String? = nil
    ) async throws -> String {
        try await Forge.hmac(secret).token(
            #"{"iss":"\#(key)","exp":\#(nowSeconds + 60),"nbf":\#(nowSeconds)\#(members)}"#, header: header)
    }

    @Test(arguments: ["roomJoin", "roomAdmin"])
    func whoMayJoinOrRunARoomMayWatchIt(permission: String) async throws {
        let token = try await token(#","sub":"ada","jti":"t1","video":{"\#(permission)":true,"room":"call_42"}"#)
        #expect(
            try await verifier().identity(WireText(token), now: now)
                == Identity(
                    user: "ada", grant: Grant(scope: EventScope(rooms: PatternSet(["call_42"]))),
                    expiresAt: now + 60_000, tokenID: "t1", issuer: "livekit"))
    }

    @Test func whoMayListRoomsMayWatchAllOfThem() async throws {
        let token = try await token(#","sub":"ops","video":{"roomList":true,"roomJoin":true,"room":"call_42"}"#)
        #expect(try await verifier().identity(WireText(token), now: now).grant == Grant(scope: .everything))
    }

    @Test func tokenIDStandsInForAnEmptyIdentity() async throws {
        for subject in ["", #""sub":"","#] {
            let token = try await token(#",\#(subject)"jti":"t1","video":{"roomList":true}"#)
            #expect(try await verifier().identity(WireText(token), now: now).user == "t1")
        }
        let nobody = try await token(#","sub":"","video":{"roomList":true}"#)
        #expect(try await verifier().refusal(nobody) == .malformedToken)
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
    func tokenThatIsNotForWatchingIsRefused(members: String, reason: AccessRefusal.Reason) async throws {
        #expect(try await verifier().refusal(await token(#","sub":"ada",\#(members)"#)) == reason)
    }

    @Test(arguments: ["a*b", "*", "**", "call_*"])
    func roomWithAStarInItsNameOpensNoOtherRoom(room: String) async throws {
        let token = try await token(#","sub":"ada","video":{"roomJoin":true,"room":"\#(room)"}"#)
        #expect(try await verifier().refusal(token) == .grantCoversNothing)
    }

    @Test func keyOfOneIssuerSignsForNoOther() async throws {
        let video = #","sub":"ada","video":{"roomList":true}"#
        let verifier = try await verifier()
        #expect(verifier.refusal(try await token(video, secret: "other")) == .badSignature)
        #expect(verifier.refusal(try await token(video, secret: ownSecret)) == .badSignature)
        #expect(verifier.refusal(try await token(video, key: "APIother")) == .badSignature)
        // Our own secret signs own tokens only: what LiveKit means by `video` counts for nothing in them.
        #expect(verifier.refusal(try await token(video, key: "APIother", secret: ownSecret)) == .grantCoversNothing)
    }

    @Test func onlyHS256Counts() async throws {
        let claims = #"{"iss":"APIabc","sub":"ada","exp":\#(nowSeconds + 60),"video":{"roomList":true}}"#
        for digest in try await [Forge.hmac(Self.secret, .sha384), Forge.hmac(Self.secret, .sha512)] {
            #expect(try await verifier().refusal(digest.token(claims)) == .algorithmNotAllowed)
        }
    }
}

@Suite struct DailyTokenTests {
    private static let key = "daily-api-key"

    private func verifier() async throws -> TokenVerifier {
        try await TokenVerifier.make(
            TokenSettings(issuers: [IssuerSettings(name: "own", hs256: ownSecret)], dailyKeys: ["old", Self.key]))
    }

    private func token(_ members: String) async throws -> String {
        try await Forge.hmac(Self.key).token(#"{"iat":\#(nowSeconds),"exp":\#(nowSeconds + 60),\#(members)}"#)
    }

    @Test func meetingTokenOpensItsRoom() async throws {
        let token = try await token(#""d":"dom","r":"standup","ud":"ada","u":"Ada","o":true"#)
        #expect(
            try await verifier().identity(WireText(token), now: now)
                == Identity(
                    user: "ada", grant: Grant(scope: EventScope(rooms: PatternSet(["standup"]))),
                    expiresAt: now + 60_000, issuer: "daily"))
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
    func incompleteMeetingTokenIsRefused(members: String, reason: AccessRefusal.Reason) async throws {
        #expect(try await verifier().refusal(await token(members)) == reason)
    }

    @Test func withoutDailyKeysMeetingTokensAreStrangers() async throws {
        let token = try await token(#""d":"dom","r":"standup","ud":"ada""#)
        #expect(try await TokenVerifier.own().refusal(token) == .badSignature)
    }
}
