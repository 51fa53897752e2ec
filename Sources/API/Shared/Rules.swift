package import Access
internal import Events
internal import Telemetry
package import Webhooks
package import Wire

/// A source of the settings: its name, and the provider that verifies and reads its webhooks.
package struct Source: Sendable {
    package let name: String
    let providerName: String
    package let provider: any Provider

    /// A source of the settings.
    package init(name: String, providerName: String, provider: any Provider) {
        self.name = name
        self.providerName = providerName
        self.provider = provider
    }
}

/// What decides about requests: sources, verifier, origins, proxies. It is immutable. A reload, or fetched keys,
/// replace it, and each request uses one from its start to its end.
package final class Rules: Sendable {
    /// The beginning of every path of the API: `/api`.
    let pathPrefix: String
    /// The segments of ``pathPrefix``.
    let prefix: [WireText]
    package let sources: [WireText: Source]
    let verifier: TokenVerifier
    /// The origins whose pages may read answers.
    let origins: AllowedOrigins
    /// True if any origin is listed.
    let hasOrigins: Bool
    package let proxies: TrustedProxies
    /// True if metrics and readiness are served only on an address of their own.
    let metricsHaveOwnAddress: Bool
    /// True if the dashboard is served.
    let showsDashboard: Bool
    /// How much clients may publish.
    let publish: PublishSettings
    /// The time between two heartbeats of a stream without events.
    let heartbeatMilliseconds: Int
    /// What memberships may take.
    let members: MemberSettings

    /// Rules; see the property of each name.
    package init(
        pathPrefix: String, sources: [Source], verifier: TokenVerifier, origins: AllowedOrigins, hasOrigins: Bool,
        proxies: TrustedProxies, metricsHaveOwnAddress: Bool, heartbeatMilliseconds: Int,
        showsDashboard: Bool = true, members: MemberSettings = MemberSettings(),
        publish: PublishSettings = PublishSettings()
    ) {
        self.pathPrefix = pathPrefix
        prefix = pathPrefix.split(separator: "/").map { WireText(String($0)) }
        self.sources = Dictionary(sources.map { (WireText($0.name), $0) }) { $1 }
        self.verifier = verifier
        self.origins = origins
        self.hasOrigins = hasOrigins
        self.proxies = proxies
        self.metricsHaveOwnAddress = metricsHaveOwnAddress
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.showsDashboard = showsDashboard
        self.members = members
        self.publish = publish
    }

    /// The same rules with other keys of one issuer; the same rules if they have no such issuer.
    package func replacingKeys(of issuer: String, with keys: PublicKeys) -> Rules {
        guard let changed = try? verifier.replacingKeys(of: issuer, with: keys) else { return self }
        return Rules(
            pathPrefix: pathPrefix, sources: Array(sources.values), verifier: changed, origins: origins,
            hasOrigins: hasOrigins, proxies: proxies, metricsHaveOwnAddress: metricsHaveOwnAddress,
            heartbeatMilliseconds: heartbeatMilliseconds, showsDashboard: showsDashboard, members: members,
            publish: publish)
    }

    /// True if a source of the settings has the name of the relay's own, so that clients can be members of no room and publish
    /// nothing.
    var clientSourceIsTaken: Bool { sources[ClientSource.name] != nil }

    /// The segments of a path after the API's prefix; nil if the path does not begin with it.
    func path(of path: [WireText]) -> ArraySlice<WireText>? {
        guard path.count > prefix.count, path.starts(with: prefix) else { return nil }
        return path.dropFirst(prefix.count)
    }
}
