import Access
import Events
import Foundation
import Testing
import Wire

/// Tokens of `Vectors/access-tokens.json`, which another implementation has signed.
@Suite struct ForeignTokenTests {
    private func vectors() throws -> JSONObject {
        let file = URL(filePath: #filePath).appending(path: "../../Vectors/access-tokens.json").standardized
        return try #require(JSONReader.value(Data(contentsOf: file)).object)
    }

    private func verifier(_ vectors: JSONObject) throws -> TokenVerifier {
        let provider = try #require(vectors["idp"]?.object)
        let jwks = JSONWriter.text { $0.value(provider["jwks"] ?? .null) }
        let livekit = vectors["livekit"]?.object?.members ?? []
        return try TokenVerifier(
            TokenSettings(
                issuers: [
                    IssuerSettings(name: "own", hs256: vectors["own"]?.string?.string),
                    IssuerSettings(name: "idp", jwks: jwks, issuer: provider["issuer"]?.string?.string),
                ],
                livekitKeys: livekit.map {
                    SourceKey(name: $0.name, secret: $0.value.string ?? "", sources: ["livekit"])
                }))
    }

    @Test func everyTokenGetsItsVerdict() throws {
        let vectors = try vectors()
        let verifier = try verifier(vectors)
        let now = WallTime(milliseconds: try #require(vectors["verifyAt"]?.integer) * 1000)
        let tokens = try #require(vectors["tokens"]?.array)
        #expect(tokens.count == 12)
        for vector in tokens.compactMap(\.object) {
            let name = vector["name"]?.string ?? ""
            let token = try #require(vector["token"]?.string)
            #expect(verifier.refusal(token.string, now: now)?.rawValue == vector["reason"]?.string?.string, "\(name)")
            guard let issuer = vector["issuer"]?.string else { continue }
            let identity = try verifier.identity(token, now: now)
            #expect(identity.issuer == (issuer == "livekit" ? "source:livekit" : issuer), "\(name)")
            #expect(identity.user == "ada", "\(name)")
            #expect(identity.grant.scope.rooms.matches("call_42"), "\(name)")
            #expect(!identity.grant.scope.rooms.matches("lobby"), "\(name)")
            #expect(identity.expiresAt == now + 60_000, "\(name)")
        }
    }
}
