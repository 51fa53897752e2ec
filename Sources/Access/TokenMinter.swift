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
    ///   - ttlSeconds: how long it lives.
    ///   - now: the clock for `iat` and `exp`.
    ///   - tokenID: `jti`, by which it can be revoked.
    package func mint(
        user: WireText, scope: EventScope, raw: Bool = false, admin: Bool = false, ttlSeconds: Int64,
        now: WallTime, tokenID: WireText? = nil
    ) -> String {
        let issuedAt = now.milliseconds / 1000
        let claims = JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("iss", issuer)
                writer.member("aud", audience)
                writer.member("sub", user)
                writer.member("iat", issuedAt)
                writer.member("exp", issuedAt + ttlSeconds)
                writer.member("jti", tokenID)
                writer.member("roomwire") { Self.write(scope, raw: raw, admin: admin, to: &$0) }
            }
        }
        let header = Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8)
        let signed = Base64.url.text(header) + "." + Base64.url.text(claims)
        return signed + "." + Base64.url.text(secret.signature(over: Array(signed.utf8)))
    }

    private static func write(_ scope: EventScope, raw: Bool, admin: Bool, to writer: inout JSONWriter) {
        for (name, set) in [("rooms", scope.rooms), ("types", scope.types), ("sources", scope.sources)] {
            writer.name(name)
            writer.array { writer in
                for pattern in set.patterns { writer.string(pattern.text) }
            }
        }
        writer.member("raw", raw)
        writer.member("admin", admin)
    }
}
