internal import API
internal import Access
internal import Settings
internal import Telemetry
internal import Webhooks
internal import Wire

extension Rules {
    /// The rules of these settings.
    /// - Throws: ``RelayError``, `TokenSettingsError` or `OriginError` if they are invalid.
    convenience init(_ settings: Settings) throws {
        let verifier = try TokenVerifier(try settings.tokenSettings())
        let proxies = TrustedProxies(
            networks: settings.proxy.trusted.compactMap(NetworkRange.init), header: settings.proxy.header)
        self.init(
            pathPrefix: settings.pathPrefix, sources: try settings.sources.map { try Source($0) }, verifier: verifier,
            origins: try AllowedOrigins(settings.cors.origins), hasOrigins: !settings.cors.origins.isEmpty,
            proxies: proxies, metricsHaveOwnAddress: settings.metrics != nil,
            heartbeatMilliseconds: settings.streams.heartbeatMilliseconds, showsDashboard: settings.dashboard,
            members: settings.presence, publish: settings.publish)
    }
}

extension Source {
    fileprivate init(_ settings: SourceSettings) throws(RelayError) {
        guard let provider = Providers.named(settings.provider) else {
            throw RelayError("the source \(settings.name) names an unknown provider: \(settings.provider)")
        }
        do {
            self.init(
                name: settings.name, providerName: settings.provider,
                provider: try provider.init(settings: settings.forProvider))
        } catch {
            throw RelayError("the source \(settings.name): \(error.setting): \(error.problem)")
        }
    }
}
