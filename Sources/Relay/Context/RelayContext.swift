internal import API
internal import Access
internal import Events
internal import FrontDoor
internal import Glibc
internal import Journal
internal import Logging
internal import Platform
internal import Settings
internal import Telemetry
internal import Wire

/// What all loops and the watch share: settings, metrics, health and logs, and the API's shared state.
final class RelayContext: Sendable {
    /// What the APIs of all loops share.
    let shared: SharedState
    private let current: Locked<Settings>
    let keys: KeyFetcher
    /// Asks providers for what was missed.
    let reconciler: Reconciler
    let metrics: Metrics
    let health: Health
    let output: LogOutput
    let log: Logger
    private let requestLog: RateLimitedLog
    private let forwardingNotice: ForwardingNotice
    /// Logs rooms that the relay closed itself, and rooms beyond `rooms.total`.
    let roomNotice: RoomNotice
    /// Logs faults of the journal. A full disk causes one every second.
    let journalLog: RateLimitedLog
    /// The damaged places of the journal.
    let damage: Locked<DamageReport>
    private let tlsLog: RateLimitedLog
    /// Logs failed accepts. Without free descriptors each loop's door fails every second.
    private let acceptLog: RateLimitedLog
    /// The certificate for the addresses with TLS; nil if there is no such address.
    let tls: TLSTermination?
    /// What the doors of all loops share.
    let doors: DoorShared

    init(
        settings: Settings, rules: Rules, keys: KeyFetcher, caps: StreamCapSettings, revocations: RevocationStore,
        tls: TLSTermination?, output: LogOutput, keepsQueue: Bool = false
    ) {
        metrics = Metrics()
        shared = SharedState(
            rules: rules, keys: keys,
            admission: StreamAdmission(caps, replacesOldest: settings.streams.overCap == .oldest),
            revocations: revocations, metrics: metrics, output: output, keepsQueue: keepsQueue)
        current = Locked(settings)
        self.keys = keys
        self.tls = tls
        self.output = output
        doors = DoorShared(
            bodies: BodyBudget(limitBytes: settings.limits.requestBytes),
            // At most a quarter of all descriptors for one address, so that it cannot shut out all others.
            addresses: AddressCounts(most: max(Limits.addressConnections, System.openFileLimit() / 4)))
        log = OperatorLog.logger(output)
        roomNotice = RoomNotice(log, metrics)
        reconciler = Reconciler(metrics: metrics, log: log)
        health = Health(loops: settings.loops)
        journalLog = RateLimitedLog(log, linesPerSecond: 1)
        damage = Locked(DamageReport(path: "\(settings.data)/\(SQLiteHome.fileName)"))
        tlsLog = RateLimitedLog(log)
        acceptLog = RateLimitedLog(log, linesPerSecond: 1)
        requestLog = RateLimitedLog(log)
        forwardingNotice = ForwardingNotice(log)
        declareSeries(settings)
        shared.rejects.capture(settings.rejects.capture)
    }

    /// Adds the series of these settings' sources and issuers to the metrics page.
    func declareSeries(_ settings: Settings) {
        metrics.declare(
            sources: settings.sources.map(\.name),
            fetchedIssuers: settings.tokens.issuers.filter { $0.jwksURL != nil }.map(\.name))
    }

    /// The settings in force.
    var settings: Settings { current.withLock { $0 } }

    /// Puts other settings and their rules in force. Issuers that did not change keep their fetched keys.
    func adopt(_ settings: Settings, _ rules: Rules) {
        let (rules, issuers) = keys.prepare(rules, settings)
        current.withLock { $0 = settings }
        shared.replaceRules { _ in rules }
        keys.follow(issuers, in: shared)
        reconciler.follow(settings, rules)
    }

    /// The functions for `/readyz` and `/metrics`.
    func operatingPages(_ writer: JournalWriter) -> OperatingPages {
        OperatingPages(
            readiness: { [self] in
                let report = readiness()
                return (report.isReady, JSONWriter.bytes { report.write(to: &$0) })
            },
            metrics: { [self] format in
                let readings = PageReadings(
                    journal: JournalReading(counters: writer.counters, damage: damage.withLock { $0 }),
                    process: health.process,
                    loopLags: health.loopLags(now: SteadyTime.now()), isReady: readiness().isReady,
                    streamsLimit: shared.admission.settings.total, log: output.writer.counters,
                    members: shared.members.reading)
                return metrics.page(readings, format: format)
            })
    }

    private func readiness() -> ReadinessReport {
        var report = health.report(
            isDraining: shared.isDraining, sources: shared.rules.sources.count, now: SteadyTime.now())
        report.damage = damage.withLock { $0.summary }
        return report
    }
}

// Callbacks of the doors.
extension RelayContext {
    /// Counts and logs a request that a door has refused.
    func wasRefused(_ refusal: DoorRefusal) {
        metrics.countRefused(status: refusal.status)
        requestLog.warning(
            "refused a request: \(refusal.status): \(refusal.problem)", now: WallClock.now())
    }

    /// The client's address: of the peer, or behind a trusted proxy of the client that its headers name.
    func clientAddress(peer: String, headers: [(name: WireText, value: WireText)]) -> String {
        let proxies = shared.rules.proxies
        if let header = proxies.ignoredHeader(peer: peer, headers: headers) {
            forwardingNotice.saw(header, from: peer, now: WallClock.now())
        }
        return proxies.client(peer: peer, headers: headers)
    }

    /// Counts a handshake, and logs one that has failed.
    func count(_ report: TLSReport) {
        metrics.count(report.outcome)
        guard !report.remoteAddress.isEmpty else { return }
        let detail = report.detail.isEmpty ? "" : ": \(report.detail)"
        tlsLog.warning(
            "no TLS with \(report.remoteAddress): \(report.outcome.rawValue)\(detail)", now: WallClock.now())
    }

    /// Logs that connections cannot be accepted, and what to do about it.
    func acceptHasFailed(_ error: SystemError) {
        let isFull = error.code == EMFILE
        let remedy =
            isFull ? ": \(health.process.mostFiles) may be open; LimitNOFILE= of systemd or ulimit -Hn raises that" : ""
        acceptLog.log(.error, "\(error)\(remedy)", now: WallClock.now())
    }
}
