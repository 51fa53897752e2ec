public import Access
internal import FoundationEssentials

extension Settings {
    /// The settings of tokens in the words of Access, with the key files read.
    ///
    /// An issuer with `jwks_url` still waits for its keys: fetching them is up to who runs the relay.
    public func tokenSettings() throws(TokenSettingsError) -> TokenSettings {
        var issuers: [IssuerSettings] = []
        for issuer in tokens.issuers { issuers.append(try Self.settings(of: issuer)) }
        let livekit = tokens.livekit ? sources.filter { $0.provider == Self.livekit } : []
        let keys = livekit.reduce(into: [:]) { keys, source in keys.merge(source.keys) { first, _ in first } }
        return TokenSettings(
            issuers: issuers, livekitKeys: keys, dailyKeys: tokens.daily,
            leewayMilliseconds: tokens.leewayMilliseconds, requireExpiry: tokens.requireExpiry)
    }

    /// The provider whose keys sign both webhooks and access tokens.
    private static let livekit = "livekit"

    private static func settings(of issuer: IssuerFile) throws(TokenSettingsError) -> IssuerSettings {
        var settings = IssuerSettings(name: issuer.name, hs256: issuer.hs256)
        settings.issuer = issuer.issuer
        settings.audience = issuer.audience
        settings.algorithms = issuer.algorithms
        settings.awaitsKeys = issuer.jwksURL != nil
        settings.defaultGrant = issuer.defaultGrant
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
