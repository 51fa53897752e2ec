import Events
internal import Wire

/// An issuer of the settings with its keys.
struct Issuer: Sendable {
    /// The names of the issuers that are not in the settings' list.
    static let livekit = "livekit"
    static let daily = "daily"

    let settings: IssuerSettings
    /// The name that its users go by: that of the first issuer in the settings whose users they are.
    let usersName: WireText
    private(set) var keys: KeyRing

    init(_ settings: IssuerSettings, usersName: WireText) throws(TokenSettingsError) {
        self.settings = settings
        self.usersName = usersName
        do { keys = try Self.keys(settings) } catch { throw error.of(settings.name) }
    }

    mutating func replaceKeys(with fetched: PublicKeys) throws(TokenSettingsError) {
        guard settings.hs256 == nil, settings.awaitsKeys else {
            throw TokenSettingsError(issuer: settings.name, setting: "jwks", problem: "the issuer's keys are fixed")
        }
        keys = KeyRing(fetched.keys, algorithms: Self.algorithms(settings))
    }

    private static func keys(_ settings: IssuerSettings) throws(TokenSettingsError) -> KeyRing {
        let hasPublic = !settings.publicKeysPEM.isEmpty || settings.jwks != nil || settings.awaitsKeys
        if let secret = settings.hs256 {
            guard !hasPublic, settings.algorithms.allSatisfy({ $0 == .hs256 }) else {
                throw TokenSettingsError(
                    setting: "hs256", problem: "an issuer has either a secret or public keys, never both")
            }
            return KeyRing([PinnedKey(.secret(try SharedSecret(strong: secret)))])
        }
        guard settings.publicKeysPEM.isEmpty || !settings.awaitsKeys else {
            throw TokenSettingsError(setting: "public_keys", problem: "keys that are fetched would replace these")
        }
        guard hasPublic else { throw TokenSettingsError(setting: "hs256", problem: "the issuer has no keys") }
        guard !settings.algorithms.contains(.hs256) else {
            throw TokenSettingsError(setting: "algorithms", problem: "HS256 is not for public keys")
        }
        var keys = try PublicKeys.pem(settings.publicKeysPEM, algorithms: settings.algorithms).keys
        if let jwks = settings.jwks {
            keys += try PublicKeys.jwks(jwks, algorithms: settings.algorithms).keys
        }
        return KeyRing(keys, algorithms: settings.awaitsKeys ? algorithms(settings) : [])
    }

    /// What keys that are still to come may be used with.
    private static func algorithms(_ settings: IssuerSettings) -> [SignatureAlgorithm] {
        settings.algorithms.isEmpty ? SignatureAlgorithm.publicKey : settings.algorithms
    }
}

/// What a token is by whose key signed it: that alone decides how its claims are read.
enum TokenKind {
    case issuer(Issuer)
    case livekit(SourceIssuer)
    case daily(SourceIssuer)

    /// The issuer's name, in refusals.
    var name: String {
        switch self {
        case .issuer(let issuer): issuer.settings.name
        case .livekit(let issuer), .daily(let issuer): issuer.name
        }
    }

    /// The name that the issuer's users go by.
    var usersName: WireText {
        switch self {
        case .issuer(let issuer): issuer.usersName
        case .livekit(let issuer), .daily(let issuer): issuer.usersName
        }
    }

    /// Whether events that name a user reach the issuer's users.
    var isAddressable: Bool {
        switch self {
        case .issuer(let issuer): issuer.settings.isAddressable
        case .livekit(let issuer), .daily(let issuer): issuer.audienceSources != nil
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
        case .livekit(let issuer): try issuer.grant(rooms: LiveKitToken.rooms(claims))
        case .daily(let issuer): try issuer.grant(rooms: DailyToken.rooms(claims))
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

/// The issuer of tokens that are signed with a provider's key: the sources whose key it is, as one.
struct SourceIssuer: Sendable {
    /// `source:` and the sources' names. No issuer of the settings has such a name.
    var name: String { usersName.string }
    let usersName: WireText
    let audienceSources: PatternSet?
    private let sources: PatternSet

    /// - Parameter audience: the sources of events that may name its users; nil where none may.
    init(sources: [WireText], audience: PatternSet?) {
        usersName = WireText(IssuerSettings.sourcePrefix + sources.map(\.string).joined(separator: ","))
        self.sources = PatternSet(sources)
        audienceSources = audience
    }

    /// Whether `source:` and a name means this issuer: it goes by all its sources' names, and each of them leads to it.
    func isMeant(by name: WireText) -> Bool {
        let prefix = WireText(IssuerSettings.sourcePrefix)
        guard name.hasPrefix(prefix) else { return false }
        let source = name.dropFirst(prefix.byteCount)
        return sources.patterns.contains { $0.text == source }
    }

    /// The grant on rooms of these sources, and of no others: another source may have rooms of the same names.
    func grant(rooms: PatternSet) throws(AccessRefusal) -> Grant {
        guard !sources.patterns.isEmpty else {
            throw AccessRefusal(
                .grantCoversNothing,
                "The token covers the rooms of one source, and the settings do not say of which one.", issuer: name)
        }
        return Grant(scope: EventScope(rooms: rooms, sources: sources, audienceSources: audienceSources))
    }
}

extension IssuerSettings {
    /// What begins the names of the issuers that are sources.
    package static let sourcePrefix = "source:"
}
