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

/// What all loops share. Nothing in it is on the path of a delivery.
final class RelayContext: Sendable {
    let settings: Settings
    /// The segments that every path of the API begins with.
    let pathPrefix: [String]
    let sources: [String: Source]
    let verifier: TokenVerifier
    let origins: AllowedOrigins
    let caps: Locked<StreamCaps>
    /// Kept only where a user's oldest stream makes room for a new one.
    let order: StreamOrder?
    let tickets = Locked(Tickets())
    let metrics = Metrics()
    let rejects = RejectLog()
    let log: Logger
    // What strangers can cause is logged a few lines a second, each kind by itself, so that none hides another.
    let webhookLog: RateLimitedLog
    let accessLog: RateLimitedLog
    let requestLog: RateLimitedLog
    let isDraining = Locked(false)

    init(settings: Settings, verifier: TokenVerifier, origins: AllowedOrigins, caps: StreamCapSettings, log: Logger)
        throws
    {
        self.settings = settings
        pathPrefix = settings.pathPrefix.split(separator: "/").map(String.init)
        self.verifier = verifier
        self.origins = origins
        self.log = log
        webhookLog = RateLimitedLog(log)
        accessLog = RateLimitedLog(log)
        requestLog = RateLimitedLog(log)
        order = settings.streams.overCap == .oldest ? StreamOrder() : nil
        self.caps = Locked(StreamCaps(caps))
        var sources: [String: Source] = [:]
        for source in settings.sources {
            guard let provider = Providers.named(source.provider) else {
                throw RelayError("the source \(source.name) names an unknown provider: \(source.provider)")
            }
            do {
                sources[source.name] = Source(
                    name: source.name, providerName: source.provider,
                    provider: try provider.init(settings: source.forProvider))
            } catch {
                throw RelayError("the source \(source.name): \(error.setting): \(error.problem)")
            }
        }
        self.sources = sources
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
