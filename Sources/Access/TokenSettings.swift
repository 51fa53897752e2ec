public import Events

/// Whose tokens open streams.
public struct TokenSettings: Sendable {
    /// Our own issuer and those of others.
    public var issuers: [IssuerSettings]
    /// LiveKit's API keys, by name. Access tokens signed with them are accepted if there are any.
    public var livekitKeys: [SourceKey]
    /// Daily's API keys, which are the secrets of self-signed meeting tokens.
    public var dailyKeys: [SourceKey]
    /// Whether events that name a user reach the users of LiveKit's tokens, and from which sources.
    public var livekitAudience: PatternSet?
    /// The same for Daily's.
    public var dailyAudience: PatternSet?
    /// How far the issuers' clocks may be off, both for `exp` and `nbf`.
    public var leewayMilliseconds: Int
    /// Refuses tokens without `exp`.
    public var requireExpiry: Bool

    /// Settings; without any key no token is accepted.
    public init(
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
public struct SourceKey: Sendable, Hashable {
    /// LiveKit's API key, by which tokens name it; empty where they do not.
    public let name: WireText
    /// The secret.
    public let secret: WireText
    /// The sources whose rooms its tokens cover. Empty covers nothing: it is not known which ones they are.
    public let sources: [WireText]

    /// A key.
    public init(name: WireText = "", secret: WireText, sources: [WireText]) {
        self.name = name
        self.secret = secret
        self.sources = sources
    }
}

/// One issuer: either a shared secret or public keys, never both, so that no key can stand in for another kind.
///
/// For a change of keys list the issuer twice, under two names: tokens of either are accepted. Their users are the same if
/// both have the same ``issuer``, or if one says so with ``sameAs``.
public struct IssuerSettings: Sendable {
    /// Its name in settings, logs and metrics.
    public var name: String
    /// The shared secret of HS256 tokens, by its UTF-8 bytes; at least ``Limits/tokenSecretBytes`` of them.
    public var hs256: String?
    /// Public keys as PEM: RSA of 2048 bits or more, P-256, P-384 or Ed25519.
    public var publicKeysPEM: [String]
    /// A JSON Web Key Set (RFC 7517) as JSON text.
    public var jwks: String?
    /// The keys come later, through ``TokenVerifier/replacingKeys(of:jwks:)``; until then its tokens are refused.
    public var awaitsKeys: Bool
    /// What the tokens' `iss` must be. Nil accepts any token that the key has signed.
    public var issuer: String?
    /// What the tokens' `aud` must be or hold. Nil accepts only tokens that name no audience (RFC 7519, 4.1.3).
    public var audience: String?
    /// The algorithms allowed for public keys. Empty leaves it to the keys: RS256 for RSA, if its JWK names no
    /// other, ES256 or ES384 by the curve, EdDSA for Ed25519.
    public var algorithms: [SignatureAlgorithm]
    /// Where in the tokens user and grant are found.
    public var claims: ClaimNames
    /// Stands in for what the tokens do not say about their grant.
    public var defaultGrant: Grant?
    /// Whether events that name a user reach this issuer's users. False where users choose their own names.
    public var isAddressable = true
    /// The name of the issuer whose users this one's are, during a change of keys.
    public var sameAs: String?

    /// An issuer; give it a secret or public keys.
    public init(
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
public struct ClaimNames: Sendable, Hashable {
    /// The user.
    public var user: String
    /// The object with the members `rooms`, `types`, `sources`, `raw` and `admin`.
    public var grant: String
    /// Instead of the grant's `rooms`: patterns, one or a list.
    public var rooms: String?
    /// Instead of the grant's `types`.
    public var types: String?
    /// Instead of the grant's `sources`.
    public var sources: String?
    /// Instead of the grant's `raw`.
    public var raw: String?
    /// Instead of the grant's `admin`.
    public var admin: String?

    /// The names that own tokens have, unless others are given.
    public init(
        user: String = "sub", grant: String = "roomwire", rooms: String? = nil, types: String? = nil,
        sources: String? = nil, raw: String? = nil, admin: String? = nil
    ) {
        self.user = user
        self.grant = grant
        self.rooms = rooms
        self.types = types
        self.sources = sources
        self.raw = raw
        self.admin = admin
    }
}

/// Settings or keys that cannot work: one sentence for the operator, without any secret in it.
public struct TokenSettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The issuer's name in the settings, or `livekit` or `daily`; nil where the caller knows it.
    public let issuer: String?
    /// The name of the setting: `hs256`, `jwks`, …
    public let setting: String
    /// What is wrong with it.
    public let problem: String

    /// An error about one setting.
    public init(issuer: String? = nil, setting: String, problem: String) {
        self.issuer = issuer
        self.setting = setting
        self.problem = problem
    }

    /// The whole sentence.
    public var description: String {
        issuer.map { "issuer \($0): \(setting): \(problem)" } ?? "\(setting): \(problem)"
    }

    func of(_ issuer: String) -> TokenSettingsError {
        TokenSettingsError(issuer: issuer, setting: setting, problem: problem)
    }
}
