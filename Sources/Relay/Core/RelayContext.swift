internal import Access
internal import Events
internal import FrontDoor
internal import Glibc
internal import Journal
internal import Logging
internal import Platform
internal import Telemetry
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
    let pathPrefix: [WireText]
    let sources: [WireText: Source]
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
        pathPrefix = settings.pathPrefix.split(separator: "/").map { WireText(String($0)) }
        origins = try AllowedOrigins(settings.cors.origins)
        proxies = TrustedProxies(
            networks: settings.proxy.trusted.compactMap(NetworkRange.init), header: settings.proxy.header)
        var sources: [WireText: Source] = [:]
        for source in settings.sources { sources[WireText(source.name)] = try Source(source) }
        self.sources = sources
    }

    /// The same rules but for the keys of one issuer; the rules as they are if they have no such issuer.
    func replacingKeys(of issuer: String, with keys: PublicKeys) -> Rules {
        guard let changed = try? verifier.replacingKeys(of: issuer, with: keys) else { return self }
        return Rules(self, verifier: changed)
    }

    private init(_ other: Rules, verifier: TokenVerifier) {
        settings = other.settings
        pathPrefix = other.pathPrefix
        sources = other.sources
        origins = other.origins
        proxies = other.proxies
        self.verifier = verifier
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
    /// What pages and lists take that are being made or not sent yet.
    let answers = Locked(AnswerCaps())
    /// Kept only where a user's oldest stream makes room for a new one.
    let order: StreamOrder?
    let tickets = Locked(Tickets())
    let keys: KeyFetcher
    let revocations: RevocationStore
    let attempts = Locked(AttemptGate())
    let metrics = Metrics()
    let health: Health
    let rejects = RejectLog()
    let output: LogOutput
    let log: Logger
    /// One line a request.
    let requests: RequestLog
    let acceptedWebhooks = AcceptedWebhooks()
    // What strangers can cause is logged a few lines a second, each kind by itself, so that none hides another.
    let webhookLog: RateLimitedLog
    let accessLog: RateLimitedLog
    let requestLog: RateLimitedLog
    /// Whoever keeps failing causes a line a second here, and none among those of others.
    let slowedLog: RateLimitedLog
    let forwardingNotice: ForwardingNotice
    /// Pages of origins that are not listed.
    let originLog: RateLimitedLog
    /// Rooms that ended by themselves, and rooms beyond the bound.
    let roomNotice: RoomNotice
    /// What the log's home cannot do: a full disk fails every second.
    let journalLog: RateLimitedLog
    /// What of the log is damaged.
    let damage: Locked<DamageReport>
    let tlsLog: RateLimitedLog
    /// Out of files, every loop's door fails every second.
    let acceptLog: RateLimitedLog
    /// What the addresses over TLS show their clients; nil if there is no such address.
    let tls: TLSTermination?
    /// What all loops' doors share.
    let doors: DoorShared
    let isDraining = Locked(false)
    /// Whether the listening sockets outlive this process, so that what waits in them is not lost when it ends.
    let keepsQueue: Bool

    init(
        rules: Rules, keys: KeyFetcher, caps: StreamCapSettings, revocations: RevocationStore, tls: TLSTermination?,
        output: LogOutput, keepsQueue: Bool = false
    ) {
        self.keepsQueue = keepsQueue
        current = Locked(rules)
        self.keys = keys
        self.revocations = revocations
        self.tls = tls
        self.output = output
        doors = DoorShared(
            bodies: BodyBudget(limitBytes: rules.settings.limits.requestBytes),
            // A quarter of all files: what an address has beyond that could keep everybody else out.
            addresses: AddressCounts(most: max(Limits.addressConnections, System.openFileLimit() / 4)))
        log = OperatorLog.logger(output)
        requests = RequestLog(output: output)
        health = Health(loops: rules.settings.loops)
        roomNotice = RoomNotice(log, metrics)
        journalLog = RateLimitedLog(log, linesPerSecond: 1)
        damage = Locked(DamageReport(path: "\(rules.settings.data)/\(SQLiteHome.fileName)"))
        tlsLog = RateLimitedLog(log)
        acceptLog = RateLimitedLog(log, linesPerSecond: 1)
        webhookLog = RateLimitedLog(log)
        accessLog = RateLimitedLog(log)
        requestLog = RateLimitedLog(log)
        slowedLog = RateLimitedLog(log, linesPerSecond: 1)
        forwardingNotice = ForwardingNotice(log)
        originLog = RateLimitedLog(log, linesPerSecond: 1)
        order = rules.settings.streams.overCap == .oldest ? StreamOrder() : nil
        self.caps = Locked(StreamCaps(caps))
        declareSeries(rules)
    }

    /// Puts the series on the metrics page that these rules may bring.
    func declareSeries(_ rules: Rules) {
        metrics.declare(
            sources: rules.sources.keys.map(\.string),
            fetchedIssuers: rules.settings.tokens.issuers.filter { $0.jwksURL != nil }.map(\.name))
    }

    /// The rules in force. Whoever needs several things of them takes them once.
    var rules: Rules { current.withLock { $0 } }
    var settings: Settings { rules.settings }

    /// Whether what is new is turned away. A relay whose successor takes over its sockets still serves whoever got
    /// through to it.
    var turnsAway: Bool { !keepsQueue && isDraining.withLock { $0 } }

    /// Counts a stream in, or says which cap it would break.
    func admit(_ principal: Principal, address: String, now: WallTime) -> CapDecision {
        let counted = NetworkAddress.countedAs(address)
        return caps.withLock { $0.admit(principal, address: counted, now: now) }
    }

    /// Forgets a stream that was counted in with the same principal and address.
    func release(_ principal: Principal, address: String) {
        let counted = NetworkAddress.countedAs(address)
        caps.withLock { $0.release(principal, address: counted) }
    }

    /// Has every request from now on judged by other rules.
    func replaceRules(_ change: (Rules) -> Rules) {
        current.withLock { $0 = change($0) }
    }

    /// Puts rules in force that other settings have come to, with the keys that were fetched for those before them
    /// where the issuers are the same.
    func adopt(_ rules: Rules) async {
        let (rules, issuers) = await keys.prepare(rules)
        replaceRules { _ in rules }
        keys.follow(issuers, in: self)
    }

    /// Counts a handshake, and logs one that came to no good end.
    func count(_ report: TLSReport) {
        metrics.count(report.outcome)
        guard !report.remoteAddress.isEmpty else { return }
        let detail = report.detail.isEmpty ? "" : ": \(report.detail)"
        tlsLog.warning(
            "no TLS with \(report.remoteAddress): \(report.outcome.rawValue)\(detail)", now: WallClock.now())
    }
}

extension RelayContext {
    /// Whether somebody who was let in would be let in now: neither has the token ended, nor was it revoked.
    func isValid(_ identity: Identity, now: WallTime) -> Bool {
        if let expiresAt = identity.expiresAt, now >= expiresAt { return false }
        do throws(AccessRefusal) { try revocations.check(identity, now: now) } catch { return false }
        return true
    }

    /// Says that connections wait, and what to do about it.
    func acceptHasFailed(_ error: SystemError) {
        let isFull = error.code == EMFILE
        let remedy =
            isFull ? ": \(health.process.mostFiles) may be open; LimitNOFILE= of systemd or ulimit -Hn raises that" : ""
        acceptLog.log(.error, "\(error)\(remedy)", now: WallClock.now())
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
