internal import Access
internal import Events
package import Logging
internal import Platform
package import Telemetry
internal import Wire

/// What the APIs of all loops share. Deliveries do not use it, so its locks cost them nothing.
package final class SharedState: Sendable {
    private let current: Locked<Rules>
    package let admission: StreamAdmission
    /// Counts pages and lists that are being made or not sent yet.
    let answers = Locked(AnswerCaps())
    let tickets = Locked(Tickets())
    let attempts = Locked(AttemptGate())
    /// How often clients publish.
    let publishRates = Locked(PublishRates())
    /// The ephemeral events that loops have yet to handle.
    let broadcasts = Broadcasts()
    let revocations: RevocationStore
    /// Who is a member of which room.
    package let members = MemberOwner()
    let keys: any KeyDemand
    package let metrics: Metrics
    package let rejects = RejectLog()
    package let log: Logger
    /// Logs one line for each request.
    package let requests: RequestLog
    /// Accepted webhooks that are not in the log yet.
    package let acceptedWebhooks = AcceptedWebhooks()
    // Any client can cause these lines, so they are limited to a few a second, separately for each kind.
    let webhookLog: RateLimitedLog
    let accessLog: RateLimitedLog
    /// Events of clients that could not be kept.
    let publishLog: RateLimitedLog
    /// For clients that keep failing, so that their lines do not displace those of others.
    let slowedLog: RateLimitedLog
    /// For web pages of origins that the settings do not list.
    let originLog: RateLimitedLog
    private let draining = Locked(false)
    /// True if the listening sockets outlive this process (`LISTEN_FDS`), so that connections in their queues are not
    /// lost.
    package let keepsQueue: Bool

    /// The state at the relay's start; see the property of each name.
    /// - Parameter output: where the log goes.
    package init(
        rules: Rules, keys: any KeyDemand, admission: StreamAdmission, revocations: RevocationStore, metrics: Metrics,
        output: LogOutput, keepsQueue: Bool = false
    ) {
        current = Locked(rules)
        self.keys = keys
        self.admission = admission
        self.revocations = revocations
        self.metrics = metrics
        self.keepsQueue = keepsQueue
        log = OperatorLog.logger(output)
        requests = RequestLog(output: output)
        webhookLog = RateLimitedLog(log)
        accessLog = RateLimitedLog(log)
        publishLog = RateLimitedLog(log, linesPerSecond: 1)
        slowedLog = RateLimitedLog(log, linesPerSecond: 1)
        originLog = RateLimitedLog(log, linesPerSecond: 1)
    }

    /// The rules in force. Each request reads them once.
    package var rules: Rules { current.withLock { $0 } }

    /// Replaces the rules for all further requests.
    package func replaceRules(_ change: (Rules) -> Rules) {
        current.withLock { $0 = change($0) }
    }

    /// True from ``beginDraining()`` on.
    package var isDraining: Bool { draining.withLock { $0 } }

    /// Marks the relay as stopping.
    package func beginDraining() {
        draining.withLock { $0 = true }
        members.beginDraining()
    }

    /// True if new streams and webhooks are refused. A stopping relay whose successor takes over its sockets still
    /// serves the connections that it has accepted.
    var turnsAway: Bool { !keepsQueue && isDraining }

    /// True if an identity that was verified before is still valid: its token has not expired and it is not revoked.
    func isValid(_ identity: Identity, now: WallTime) -> Bool {
        if let expiresAt = identity.expiresAt, now >= expiresAt { return false }
        do throws(AccessRefusal) { try revocations.check(identity, now: now) } catch { return false }
        return true
    }
}
