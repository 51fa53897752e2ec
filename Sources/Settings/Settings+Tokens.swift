package import Access
internal import Events
internal import FoundationEssentials
internal import Wire

extension Settings {
    /// The settings of tokens in the words of Access, with the key files read.
    ///
    /// An issuer with `jwks_url` still waits for its keys: fetching them is up to who runs the relay.
    package func tokenSettings() throws(TokenSettingsError) -> TokenSettings {
        var issuers: [IssuerSettings] = []
        for issuer in tokens.issuers { issuers.append(try Self.settings(of: issuer)) }
        let livekit = tokens.livekit ? sources.filter { $0.provider == Self.livekit } : []
        let keys = livekit.flatMap { source in
            source.keys.map {
                SourceKey(name: WireText($0.key), secret: WireText($0.value), sources: [WireText(source.name)])
            }
        }
        var settings = TokenSettings(
            issuers: issuers, livekitKeys: keys, dailyKeys: dailyKeys,
            leewayMilliseconds: tokens.leewayMilliseconds, requireExpiry: tokens.requireExpiry)
        settings.livekitAudience = tokens.livekitUsers ? .all : nil
        settings.dailyAudience = tokens.dailyUsers ? .all : nil
        return settings
    }

    /// The provider whose keys sign both webhooks and access tokens.
    private static let livekit = "livekit"
    private static let daily = "daily"

    private var dailySources: [WireText] { sources.filter { $0.provider == Self.daily }.map { WireText($0.name) } }

    /// Daily's keys with their sources: the one that stands before the key, else the only one there is.
    private var dailyKeys: [SourceKey] {
        let names = dailySources
        return tokens.daily.map { text in
            let parts = WireText(text).split(at: UInt8(ascii: ":"), maxSplits: 1, omittingEmpty: false)
            if parts.count == 2, names.contains(parts[0]) {
                return SourceKey(secret: parts[1], sources: [parts[0]])
            }
            return SourceKey(secret: WireText(text), sources: names.count == 1 ? names : [])
        }
    }

    /// Keys of Daily whose tokens cover nothing, since nobody can tell which source's rooms they are for.
    var dailyKeyWarnings: [String] {
        guard dailyKeys.contains(where: \.sources.isEmpty) else { return [] }
        let names = dailySources
        return [
            names.isEmpty
                ? "tokens.daily lists keys, but no source is of the provider daily: their tokens cover no room"
                : "tokens.daily has keys that name no source, and the sources \(names.map(\.string).joined(separator: ", ")) are "
                    + "Daily's: their tokens cover no room; write each key as \(names[0]):KEY"
        ]
    }

    private static func settings(of issuer: IssuerFile) throws(TokenSettingsError) -> IssuerSettings {
        var settings = IssuerSettings(name: issuer.name, hs256: issuer.hs256)
        settings.issuer = issuer.issuer
        settings.audience = issuer.audience
        settings.algorithms = issuer.algorithms
        settings.awaitsKeys = issuer.jwksURL != nil
        settings.defaultGrant = issuer.defaultGrant
        settings.isAddressable = issuer.users
        settings.sameAs = issuer.sameAs
        if let path = issuer.jwksCAFile {
            guard try text(of: path, issuer.name, "jwks_ca_file").contains("-----BEGIN CERTIFICATE-----") else {
                throw TokenSettingsError(
                    issuer: issuer.name, setting: "jwks_ca_file", problem: "\(path) holds no certificate in PEM")
            }
        }
        if let path = issuer.jwksFile { settings.jwks = try text(of: path, issuer.name, "jwks_file") }
        for path in issuer.publicKeyFiles {
            settings.publicKeysPEM.append(try text(of: path, issuer.name, "public_key_files"))
        }
        settings.claims.user = issuer.claims["user"] ?? settings.claims.user
        settings.claims.grant = issuer.claims["grant"] ?? settings.claims.grant
        settings.claims.rooms = issuer.claims["rooms"]
        settings.claims.types = issuer.claims["types"]
        settings.claims.sources = issuer.claims["sources"]
        settings.claims.raw = issuer.claims["raw"]
        settings.claims.admin = issuer.claims["admin"]
        settings.claims.presence = issuer.claims["presence"]
        return settings
    }

    private static func text(
        of path: String, _ issuer: String, _ setting: String
    ) throws(TokenSettingsError) -> String {
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw TokenSettingsError(issuer: issuer, setting: setting, problem: "\(path) cannot be read")
        }
    }
}
