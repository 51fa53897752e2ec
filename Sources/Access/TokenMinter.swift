package import Events
package import Wire

/// Makes tokens of our own issuer: `{"alg":"HS256","typ":"JWT"}` and the claims that a backend would write.
package struct TokenMinter: Sendable {
    private let secret: SharedSecret
    private let issuer: String?
    private let audience: String?

    /// A minter with the secret that the relay verifies with.
    /// - Parameters:
    ///   - secret: at least ``Limits/tokenSecretBytes`` bytes of UTF-8.
    ///   - issuer: `iss`, if the issuer's settings ask for one.
    ///   - audience: `aud`, likewise.
    package init(secret: String, issuer: String? = nil, audience: String? = nil) throws(TokenSettingsError) {
        self.secret = try SharedSecret(strong: secret)
        self.issuer = issuer
        self.audience = audience
    }

    /// A token for `user`, signed.
    /// - Parameters:
    ///   - scope: what it covers.
    ///   - raw: whether it covers the providers' own bodies.
    ///   - admin: whether it opens the admin API.
    ///   - presence: whether its user may be a member of the rooms that it covers.
    ///   - ttlSeconds: how long it lives.
    ///   - now: the clock for `iat` and `exp`.
    ///   - tokenID: `jti`, by which it can be revoked.
    package func mint(
        user: WireText, scope: EventScope, raw: Bool = false, admin: Bool = false, presence: Bool = false,
        ttlSeconds: Int64, now: WallTime, tokenID: WireText? = nil
    ) -> String {
        let issuedAt = now.milliseconds / 1000
        let grant = Grant(scope: scope, raw: raw, admin: admin, presence: presence)
        let claims = JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("iss", issuer)
                writer.member("aud", audience)
                writer.member("sub", user)
                writer.member("iat", issuedAt)
                writer.member("exp", issuedAt + ttlSeconds)
                writer.member("jti", tokenID)
                writer.member("roomwire") { Self.write(grant, to: &$0) }
            }
        }
        let header = Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8)
        let signed = Base64.url.text(header) + "." + Base64.url.text(claims)
        return signed + "." + Base64.url.text(secret.signature(over: Array(signed.utf8)))
    }

    private static func write(_ grant: Grant, to writer: inout JSONWriter) {
        let scope = grant.scope
        for (name, set) in [("rooms", scope.rooms), ("types", scope.types), ("sources", scope.sources)] {
            writer.name(name)
            writer.array { writer in
                for pattern in set.patterns { writer.string(pattern.text) }
            }
        }
        writer.member("raw", grant.raw)
        writer.member("admin", grant.admin)
        // Left out if it is not granted: relays of earlier versions read the token as well.
        if grant.presence { writer.member("presence", true) }
    }
}
