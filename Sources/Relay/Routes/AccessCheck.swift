internal import Access
internal import Events
internal import FrontDoor
internal import Platform
internal import Telemetry
internal import Wire

/// Who asks, and what the answer may show. The one place where routes come by an identity.
struct AccessCheck {
    let context: RelayContext
    /// Where to note for the log whose request it is.
    let exchange: Exchange

    /// The identity behind a request's token or ticket.
    /// - Parameter takesTicket: false where the token itself is needed; a ticket is not used up then.
    func identity(
        _ request: HTTPRequest, takesTicket: Bool = true, now: WallTime
    ) throws(AccessRefusal) -> Identity {
        let identity = try verified(request, takesTicket: takesTicket, now: now)
        exchange.user = identity.user
        exchange.issuer = identity.issuer
        return identity
    }

    private func verified(
        _ request: HTTPRequest, takesTicket: Bool, now: WallTime
    ) throws(AccessRefusal) -> Identity {
        let rules = context.rules
        switch try credentials(request, rules) {
        case .ticket where !takesTicket:
            throw AccessRefusal(.wrongTokenKind, "A ticket opens a stream; here the token itself is needed.")
        case .ticket(let ticket): return try holder(ofTicket: ticket, attempt(.ticket(ticket), request, now: now))
        case .bearer(let token):
            return try holder(ofToken: token, rules.verifier, attempt(.bearer(token), request, now: now))
        }
    }

    /// One try to be let in, as the gate counts it.
    private struct Attempt {
        let credential: AttemptGate.CredentialHash
        let address: WireText
        let now: WallTime
    }

    private func attempt(_ credential: Credentials, _ request: HTTPRequest, now: WallTime) -> Attempt {
        Attempt(
            credential: AttemptGate.hash(credential), address: NetworkAddress.countedAs(request.remoteAddress), now: now
        )
    }

    /// Finding a ticket costs no more than counting a failure, so nothing is asked before.
    private func holder(ofTicket ticket: WireText, _ attempt: Attempt) throws(AccessRefusal) -> Identity {
        // A HEAD uses nothing up.
        let isKept = exchange.request.method == "HEAD"
        let found = context.tickets.withLock {
            isKept ? $0.holder(of: ticket, now: attempt.now) : $0.redeem(ticket, now: attempt.now)
        }
        guard let identity = found else {
            let refusal = AccessRefusal(
                .unknownTicket, "The ticket was used before, is too old, or was never issued.")
            throw failure(of: attempt, refusal)
        }
        do throws(AccessRefusal) { try context.revocations.check(identity, now: attempt.now) } catch {
            throw failure(of: attempt, error)
        }
        return identity
    }

    private func holder(
        ofToken token: WireText, _ verifier: TokenVerifier, _ attempt: Attempt
    ) throws(AccessRefusal) -> Identity {
        var cost: Int64 = 0
        do throws(AccessRefusal) {
            let prepared = try verifier.prepare(token)
            if let seconds = secondsToVerification(attempt) { throw Self.slowed(seconds) }
            cost = prepared.costMicroseconds
            let identity = try verifier.identity(prepared, now: attempt.now)
            try context.revocations.check(identity, now: attempt.now)
            context.attempts.withLock { $0.succeeded(attempt.credential) }
            return identity
        } catch {
            throw failure(of: attempt, costMicroseconds: cost, error)
        }
    }

    private func secondsToVerification(_ attempt: Attempt) -> Int? {
        context.attempts.withLock {
            $0.secondsToVerification(of: attempt.credential, from: attempt.address, now: attempt.now)
        }
    }

    /// Counts a failure. What is told is the refusal itself, or, if there were too many, when to come back.
    private func failure(
        of attempt: Attempt, costMicroseconds: Int64 = 0, _ refusal: AccessRefusal
    ) -> AccessRefusal {
        guard refusal.isFailedAttempt else { return refusal }
        let seconds = context.attempts.withLock {
            $0.failed(
                attempt.credential, from: attempt.address, costMicroseconds: costMicroseconds, now: attempt.now)
        }
        return seconds.map(Self.slowed) ?? refusal
    }

    private static func slowed(_ seconds: Int) -> AccessRefusal {
        AccessRefusal(
            .tooManyFailures,
            "This token or ticket has failed too often, or too many bad ones came from this address: try again later.",
            retryAfterSeconds: seconds)
    }

    /// The issuers whose keys have to be fetched to judge a request's token; none for nearly every request, and for
    /// one that would not be looked at.
    func issuersToAsk(about request: HTTPRequest, under rules: Rules, now: WallTime) -> [String] {
        guard rules.verifier.awaitsKeys, let found = try? credentials(request, rules), case .bearer(let token) = found,
            secondsToVerification(attempt(found, request, now: now)) == nil
        else { return [] }
        return rules.verifier.issuersToAsk(about: token, now: now)
    }

    /// The token or ticket of a request.
    private func credentials(_ request: HTTPRequest, _ rules: Rules) throws(AccessRefusal) -> Credentials {
        // Looked up only if it is needed.
        let cookie = Self.cookies(request).flatMap { CrossOrigin(rules: rules).mayUseCookie(request) ? $0 : nil }
        let found = try Credentials.find(
            authorization: request.header("authorization"), cookie: cookie, query: request.query)
        guard let found else {
            throw AccessRefusal(
                .missingToken,
                "A token is needed: as Authorization: Bearer, as the cookie roomwire, or as access_token= in the query."
            )
        }
        return found
    }

    /// All cookies of a request: some proxies and HTTP/2 clients send a line for each.
    private static func cookies(_ request: HTTPRequest) -> WireText? {
        let lines = request.headers.filter { $0.name.equalsIgnoringASCIICase("cookie") }.map(\.value)
        return lines.count > 1 ? WireText(lines.map(\.string).joined(separator: "; ")) : lines.first
    }

    /// The same, for what only administrators may ask.
    func administrator(_ request: HTTPRequest, now: WallTime) throws(AccessRefusal) -> Identity {
        let identity = try identity(request, takesTicket: false, now: now)
        guard identity.grant.admin else {
            throw AccessRefusal(
                .grantCoversNothing, "The token's grant does not say admin.", issuer: identity.issuer.string)
        }
        return identity
    }

    /// The answer to somebody who is not let in.
    func problem(_ refusal: AccessRefusal, for request: HTTPRequest) -> Problem {
        context.metrics.count(refusal.reason)
        let log = refusal.reason == .tooManyFailures ? context.slowedLog : context.accessLog
        log.warning(
            "refused \(request.remoteAddress): \(refusal.reason.rawValue): \(refusal.detail)",
            now: WallClock.now())
        var problem = Problem(refusal.status, refusal.reason.rawValue, refusal.detail)
        // The next guess costs another connection.
        problem.closesConnection = refusal.reason == .tooManyFailures
        // Who has to wait need not show another token.
        if let seconds = refusal.retryAfterSeconds {
            problem.retryAfterSeconds = seconds
        } else {
            problem.headers = [("WWW-Authenticate", refusal.challenge)]
        }
        return problem
    }

    /// The CORS headers for a request: none unless its origin is listed.
    func corsHeaders(_ request: HTTPRequest) -> [(name: String, value: String)] {
        CrossOrigin(rules: context.rules).headers(request)
    }
}
