import Events

/// An issuer of the settings with its keys.
struct Issuer: Sendable {
    /// The names of the issuers that are not in the settings' list.
    static let livekit = "livekit"
    static let daily = "daily"

    let settings: IssuerSettings
    private(set) var keys: KeyRing

    init(_ settings: IssuerSettings) async throws(TokenSettingsError) {
        self.settings = settings
        do { keys = try await Self.keys(settings) } catch { throw error.of(settings.name) }
    }

    mutating func replaceKeys(with fetched: PublicKeys) throws(TokenSettingsError) {
        guard settings.hs256 == nil, settings.awaitsKeys else {
            throw TokenSettingsError(issuer: settings.name, setting: "jwks", problem: "the issuer's keys are fixed")
        }
        keys = KeyRing(fetched.keys, algorithms: Self.algorithms(settings))
    }

    private static func keys(_ settings: IssuerSettings) async throws(TokenSettingsError) -> KeyRing {
        let hasPublic = !settings.publicKeysPEM.isEmpty || settings.jwks != nil || settings.awaitsKeys
        if let unknown = settings.algorithms.first(where: { !(PublicKeys.algorithms + ["HS256"]).contains($0) }) {
            throw TokenSettingsError(setting: "algorithms", problem: "\(unknown) is not supported")
        }
        if let secret = settings.hs256 {
            guard !hasPublic, settings.algorithms.allSatisfy({ $0 == "HS256" }) else {
                throw TokenSettingsError(
                    setting: "hs256", problem: "an issuer has either a secret or public keys, never both")
            }
            return KeyRing([try await PinnedKey.strongSecret(secret)])
        }
        guard settings.publicKeysPEM.isEmpty || !settings.awaitsKeys else {
            throw TokenSettingsError(setting: "public_keys", problem: "keys that are fetched would replace these")
        }
        guard hasPublic else { throw TokenSettingsError(setting: "hs256", problem: "the issuer has no keys") }
        guard !settings.algorithms.contains("HS256") else {
            throw TokenSettingsError(setting: "algorithms", problem: "HS256 is not for public keys")
        }
        var keys = try await PublicKeys.pem(settings.publicKeysPEM, algorithms: settings.algorithms).keys
        if let jwks = settings.jwks {
            keys += try await PublicKeys.jwks(jwks, algorithms: settings.algorithms).keys
        }
        return KeyRing(keys, algorithms: settings.awaitsKeys ? algorithms(settings) : [])
    }

    /// What keys that are still to come may be used with.
    private static func algorithms(_ settings: IssuerSettings) -> [String] {
        settings.algorithms.isEmpty ? PublicKeys.algorithms : settings.algorithms
    }
}

/// What a token is by whose key signed it: that alone decides how its claims are read.
enum TokenKind {
    case issuer(Issuer)
    case livekit
    case daily

    var name: String {
        switch self {
        case .issuer(let issuer): issuer.settings.name
        case .livekit: Issuer.livekit
        case .daily: Issuer.daily
        }
    }

    func user(_ claims: JSONObject) throws(AccessRefusal) -> WireText {
        switch self {
        case .issuer(let issuer):
            try Self.checkAudience(claims, is: issuer.settings)
            return try issuer.claims.user(claims)
        case .livekit: return try LiveKitToken.user(claims)
        case .daily: return try DailyToken.user(claims)
        }
    }

    func grant(_ claims: JSONObject) throws(AccessRefusal) -> Grant {
        switch self {
        case .issuer(let issuer): try issuer.claims.grant(claims)
        case .livekit: try LiveKitToken.grant(claims)
        case .daily: try DailyToken.grant(claims)
        }
    }

    private static func checkAudience(_ claims: JSONObject, is settings: IssuerSettings) throws(AccessRefusal) {
        let named = claims["aud"].map { $0.array ?? [$0] }
        guard let audience = settings.audience else {
            guard named == nil else {
                throw AccessRefusal(
                    .wrongAudience, "The token is made for an audience (aud), and the settings name none.",
                    issuer: settings.name)
            }
            return
        }
        guard named?.contains(.string(WireText(audience))) == true else {
            throw AccessRefusal(
                .wrongAudience, "The token's aud does not name this service's audience.", issuer: settings.name)
        }
    }
}

extension Issuer {
    fileprivate var claims: GrantClaims { GrantClaims(names: settings.claims, defaultGrant: settings.defaultGrant) }
}
