internal import Access
internal import EventLoop
internal import Events
internal import Journal
internal import Logging
internal import Webhooks

/// A source that is set up: its name and what it verifies and reads with.
struct Source: Sendable {
    let name: String
    let providerName: String
    let provider: any Provider
}

/// What the settings in force come to. It never changes: a reload, or keys that were fetched, put another in its
/// place, and every request is judged by one of them from its start to its end.
final class Rules: Sendable {
    let settings: Settings
    /// The segments that every path of the API begins with.
    let pathPrefix: [String]
    let sources: [String: Source]
    let verifier: TokenVerifier
    let origins: AllowedOrigins
    let proxies: TrustedProxies

    /// - Throws: ``RelayError``, or what the settings of tokens and origins have against them.
    convenience init(_ settings: Settings) async throws {
        try await self.init(settings, verifier: TokenVerifier.make(try settings.tokenSettings()))
    }

    init(_ settings: Settings, verifier: TokenVerifier) throws {
        self.settings = settings
        self.verifier = verifier
        pathPrefix = settings.pathPrefix.split(separator: "/").map(String.init)
        origins = try AllowedOrigins(settings.cors.origins)
        proxies = TrustedProxies(
            networks: settings.proxy.trusted.compactMap(NetworkRange.init), header: settings.proxy.header)
        var sources: [String: Source] = [:]
        for source in settings.sources { sources[source.name] = try Source(source) }
        self.sources = sources
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

/// What all loops share. Nothing in it is on the path of a delivery.
final class RelayContext: Sendable {
    private let current: Locked<Rules>
    let caps: Locked<StreamCaps>
    /// Kept only where a user's oldest stream makes room for a new one.
    let order: StreamOrder?
    let tickets = Locked(Tickets())
    let revocations: RevocationStore
    let attempts = Locked(AttemptGate())
    let metrics = Metrics()
    let rejects = RejectLog()
    let log: Logger
    // What strangers can cause is logged a few lines a second, each kind by itself, so that none hides another.
    let webhookLog: RateLimitedLog
    let accessLog: RateLimitedLog
    let requestLog: RateLimitedLog
    let isDraining = Locked(false)

    init(rules: Rules, caps: StreamCapSettings, revocations: RevocationStore, log: Logger) {
        current = Locked(rules)
        self.revocations = revocations
        self.log = log
        webhookLog = RateLimitedLog(log)
        accessLog = RateLimitedLog(log)
        requestLog = RateLimitedLog(log)
        order = rules.settings.streams.overCap == .oldest ? StreamOrder() : nil
        self.caps = Locked(StreamCaps(caps))
    }

    /// The rules in force. Whoever needs several things of them takes them once.
    var rules: Rules { current.withLock { $0 } }
    var settings: Settings { rules.settings }

    /// Counts a stream in, or says which cap it would break.
    func admit(user: String, address: String, now: EpochMilliseconds) -> CapDecision {
        let counted = NetworkAddress.countedAs(address)
        return caps.withLock { $0.admit(user: user, address: counted, now: now) }
    }

    /// Forgets a stream that was counted in with the same user and address.
    func release(user: String, address: String) {
        let counted = NetworkAddress.countedAs(address)
        caps.withLock { $0.release(user: user, address: counted) }
    }

    /// Has every request from now on judged by other rules.
    func replaceRules(_ change: (Rules) -> Rules) {
        current.withLock { $0 = change($0) }
    }
}

/// Why the relay cannot start: one sentence.
public struct RelayError: Error, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
