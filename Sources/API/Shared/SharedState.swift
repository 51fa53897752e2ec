internal import Access
internal import Events
package import Logging
internal import Platform
package import Telemetry
internal import Wire

/// What the routes of all loops share. Nothing in it is on the path of a delivery.
package final class SharedState: Sendable {
    private let current: Locked<Rules>
    package let admission: StreamAdmission
    /// What pages and lists take that are being made or not sent yet.
    let answers = Locked(AnswerCaps())
    let tickets = Locked(Tickets())
    let attempts = Locked(AttemptGate())
    let revocations: RevocationStore
    /// Who is a member of which room.
    package let members = MemberOwner()
    let keys: any KeyDemand
    package let metrics: Metrics
    package let rejects = RejectLog()
    package let log: Logger
    /// One line a request.
    package let requests: RequestLog
    /// Accepted webhooks that no line tells of yet.
    package let acceptedWebhooks = AcceptedWebhooks()
    // What strangers can cause is logged a few lines a second, each kind by itself, so that none hides another.
    let webhookLog: RateLimitedLog
    let accessLog: RateLimitedLog
    /// A client that keeps failing causes a line a second here, and none among those of others.
    let slowedLog: RateLimitedLog
    /// Pages of origins that are not listed.
    let originLog: RateLimitedLog
    private let draining = Locked(false)
    /// True if the listening sockets outlive this process, so that what waits in them is not lost when it ends.
    package let keepsQueue: Bool

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
        slowedLog = RateLimitedLog(log, linesPerSecond: 1)
        originLog = RateLimitedLog(log, linesPerSecond: 1)
    }

    /// The rules in force. A request takes them once.
    package var rules: Rules { current.withLock { $0 } }

    /// Has every request from now on judged by other rules.
    package func replaceRules(_ change: (Rules) -> Rules) {
        current.withLock { $0 = change($0) }
    }

    /// True from ``beginDraining()`` on.
    package var isDraining: Bool { draining.withLock { $0 } }

    /// The relay stops from now on.
    package func beginDraining() {
        draining.withLock { $0 = true }
        members.beginDraining()
    }

    /// Whether new streams and webhooks are turned away. A relay whose successor takes over its sockets still serves
    /// the clients that got through to it.
    var turnsAway: Bool { !keepsQueue && isDraining }

    /// Whether a client that was let in would be let in now: neither has the token ended, nor was it revoked.
    func isValid(_ identity: Identity, now: WallTime) -> Bool {
        if let expiresAt = identity.expiresAt, now >= expiresAt { return false }
        do throws(AccessRefusal) { try revocations.check(identity, now: now) } catch { return false }
        return true
    }
}
