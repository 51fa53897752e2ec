internal import Access
internal import Events
internal import Settings
internal import Wire

/// Makes tokens with an issuer's shared secret.
struct TokenSource {
    private let minter: TokenMinter

    /// The issuer's minter.
    /// - Parameter name: of the issuer; nil takes the first that has a shared secret.
    init(_ settings: Settings, issuer name: String? = nil) throws {
        let issuer = try Self.issuer(settings, name)
        guard let secret = issuer.hs256 else {
            throw Failure.invalid(
                "the issuer \(issuer.name) has only public keys, which cannot sign; its own server makes its tokens")
        }
        guard issuer.claims.isEmpty else {
            throw Failure.invalid(
                "the issuer \(issuer.name) has a mapping of claims (claims); its own server makes its tokens")
        }
        do {
            minter = try TokenMinter(secret: secret, issuer: issuer.issuer, audience: issuer.audience)
        } catch {
            throw Failure.invalid("\(error)")
        }
    }

    private static func issuer(_ settings: Settings, _ name: String?) throws(Failure) -> IssuerFile {
        if let name {
            if let issuer = settings.tokens.issuers.first(where: { $0.name == name }) { return issuer }
            let names = settings.tokens.issuers.map(\.name).joined(separator: ", ")
            throw .invalid("the settings have no issuer \(name); they have \(names)")
        }
        if let issuer = settings.mintingIssuer { return issuer }
        throw .invalid("no issuer in the settings has a shared secret (hs256) to make tokens with")
    }

    /// A token with a new id, by which it can be revoked.
    func mint(
        user: String, scope: EventScope = .everything, raw: Bool = false, admin: Bool = false, presence: Bool = false,
        ttlSeconds: Int64, now: WallTime
    ) -> String {
        var random = SystemRandomNumberGenerator()
        let id = Hex.text((0..<16).map { _ in UInt8.random(in: 0...255, using: &random) })
        return minter.mint(
            user: WireText(user), scope: scope, raw: raw, admin: admin, presence: presence, ttlSeconds: ttlSeconds,
            now: now, tokenID: WireText(id))
    }
}
