package import Events
package import Wire

/// Whose tokens open streams.
package struct TokenSettings: Sendable {
    /// Our own issuer and those of others.
    package var issuers: [IssuerSettings]
    /// LiveKit's API keys, by name. Access tokens signed with them are accepted if there are any.
    package var livekitKeys: [SourceKey]
    /// Daily's API keys, which are the secrets of self-signed meeting tokens.
    package var dailyKeys: [SourceKey]
    /// Whether events that name a user reach the users of LiveKit's tokens, and from which sources.
    package var livekitAudience: PatternSet?
    /// The same for Daily's.
    package var dailyAudience: PatternSet?
    /// How far the issuers' clocks may be off, both for `exp` and `nbf`.
    package var leewayMilliseconds: Int
    /// Refuses tokens without `exp`.
    package var requireExpiry: Bool

    /// Settings; without any key no token is accepted.
    package init(
        issuers: [IssuerSettings] = [], livekitKeys: [SourceKey] = [], dailyKeys: [SourceKey] = [],
        leewayMilliseconds: Int = 10_000, requireExpiry: Bool = true
    ) {
        self.issuers = issuers
        self.livekitKeys = livekitKeys
        self.dailyKeys = dailyKeys
        self.leewayMilliseconds = leewayMilliseconds
        self.requireExpiry = requireExpiry
    }
}

/// A key of a provider, which signs access tokens for the rooms of some sources and of no others.
package struct SourceKey: Sendable, Hashable {
    /// LiveKit's API key, by which tokens name it; empty where they do not.
    package let name: WireText
    /// The secret.
    package let secret: WireText
    /// The sources whose rooms its tokens cover. Empty covers nothing: it is not known which ones they are.
    package let sources: [WireText]

    /// A key.
    package init(name: WireText = "", secret: WireText, sources: [WireText]) {
        self.name = name
        self.secret = secret
        self.sources = sources
    }
}

/// One issuer: either a shared secret or public keys, never both, so that no key can stand in for another kind.
///
/// For a change of keys list the issuer twice, under two names: tokens of either are accepted. Their users are the same if
/// both have the same ``issuer``, or if one says so with ``sameAs``.
package struct IssuerSettings: Sendable {
    /// Its name in settings, logs and metrics.
    package var name: String
    /// The shared secret of HS256 tokens, by its UTF-8 bytes; at least ``Limits/tokenSecretBytes`` of them.
    package var hs256: String?
    /// Public keys as PEM: RSA of 2048 bits or more, P-256, P-384 or Ed25519.
    package var publicKeysPEM: [String]
    /// A JSON Web Key Set (RFC 7517) as JSON text.
    package var jwks: String?
    /// The keys come later, through ``TokenVerifier/replacingKeys(of:jwks:)``; until then its tokens are refused.
    package var awaitsKeys: Bool
    /// What the tokens' `iss` must be. Nil accepts any token that the key has signed.
    package var issuer: String?
    /// What the tokens' `aud` must be or hold. Nil accepts only tokens that name no audience (RFC 7519, 4.1.3).
    package var audience: String?
    /// The algorithms allowed for public keys. Empty leaves it to the keys: RS256 for RSA, if its JWK names no
    /// other, ES256 or ES384 by the curve, EdDSA for Ed25519.
    package var algorithms: [SignatureAlgorithm]
    /// Where in the tokens user and grant are found.
    package var claims: ClaimNames
    /// Stands in for what the tokens do not say about their grant.
    package var defaultGrant: Grant?
    /// Whether events that name a user reach this issuer's users. False where users choose their own names.
    package var isAddressable = true
    /// The name of the issuer whose users this one's are, during a change of keys.
    package var sameAs: String?

    /// An issuer; give it a secret or public keys.
    package init(
        name: String, hs256: String? = nil, publicKeysPEM: [String] = [], jwks: String? = nil,
        awaitsKeys: Bool = false, issuer: String? = nil, audience: String? = nil, algorithms: [SignatureAlgorithm] = [],
        claims: ClaimNames = ClaimNames(), defaultGrant: Grant? = nil
    ) {
        self.name = name
        self.hs256 = hs256
        self.publicKeysPEM = publicKeysPEM
        self.jwks = jwks
        self.awaitsKeys = awaitsKeys
        self.issuer = issuer
        self.audience = audience
        self.algorithms = algorithms
        self.claims = claims
        self.defaultGrant = defaultGrant
    }
}

/// The names of claims. Each may be a path of names with dots between them, `app_metadata.rooms`; a claim whose
/// own name has dots in it, such as `https://example.com/rooms`, is found too.
package struct ClaimNames: Sendable, Hashable {
    /// The user.
    package var user: String
    /// The object with the members `rooms`, `types`, `sources`, `raw`, `admin` and `presence`.
    package var grant: String
    /// Instead of the grant's `rooms`: patterns, one or a list.
    package var rooms: String?
    /// Instead of the grant's `types`.
    package var types: String?
    /// Instead of the grant's `sources`.
    package var sources: String?
    /// Instead of the grant's `raw`.
    package var raw: String?
    /// Instead of the grant's `admin`.
    package var admin: String?
    /// Instead of the grant's `presence`.
    package var presence: String?

    /// The names that own tokens have, unless others are given.
    package init(
        user: String = "sub", grant: String = "roomwire", rooms: String? = nil, types: String? = nil,
        sources: String? = nil, raw: String? = nil, admin: String? = nil, presence: String? = nil
    ) {
        self.user = user
        self.grant = grant
        self.rooms = rooms
        self.types = types
        self.sources = sources
        self.raw = raw
        self.admin = admin
        self.presence = presence
    }
}

/// Settings or keys that cannot work: one sentence for the operator, without any secret in it.
package struct TokenSettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The issuer's name in the settings, or `livekit` or `daily`; nil where the caller knows it.
    package let issuer: String?
    /// The name of the setting: `hs256`, `jwks`, …
    package let setting: String
    /// What is wrong with it.
    package let problem: String

    /// An error about one setting.
    package init(issuer: String? = nil, setting: String, problem: String) {
        self.issuer = issuer
        self.setting = setting
        self.problem = problem
    }

    /// The whole sentence.
    package var description: String {
        issuer.map { "issuer \($0): \(setting): \(problem)" } ?? "\(setting): \(problem)"
    }

    func of(_ issuer: String) -> TokenSettingsError {
        TokenSettingsError(issuer: issuer, setting: setting, problem: problem)
    }
}
