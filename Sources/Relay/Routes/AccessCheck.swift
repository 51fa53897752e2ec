internal import Access
internal import EventLoop
internal import Events
internal import FrontDoor
internal import Wire

/// Who asks, and what the answer may show. The one place where routes come by an identity.
struct AccessCheck {
    let context: RelayContext
    /// Where to note for the log whose request it is.
    let exchange: Exchange

    /// The identity behind a request's token or ticket.
    /// - Parameter takesTicket: false where the token itself is needed; a ticket is not used up then.
    func identity(
        _ request: HTTPRequest, takesTicket: Bool = true, now: EpochMilliseconds
    ) throws(AccessRefusal) -> Identity {
        let identity = try verified(request, takesTicket: takesTicket, now: now)
        exchange.user = identity.user
        return identity
    }

    private func verified(
        _ request: HTTPRequest, takesTicket: Bool, now: EpochMilliseconds
    ) throws(AccessRefusal) -> Identity {
        let rules = context.rules
        let (found, hash, address) = try credentials(request, rules, now: now)
        if case .ticket = found, !takesTicket {
            throw AccessRefusal(.wrongTokenKind, "A ticket opens a stream; here the token itself is needed.")
        }
        do throws(AccessRefusal) {
            let identity = try look(up: found, rules, now: now)
            if case .bearer = found { context.attempts.withLock { $0.succeeded(hash) } }
            return identity
        } catch {
            if error.isFailedAttempt { context.attempts.withLock { $0.failed(hash, from: address, now: now) } }
            throw error
        }
    }

    /// The issuers whose keys have to be fetched to judge a request's token; none for nearly every request, and for
    /// one that would not be looked at.
    func issuersToAsk(about request: HTTPRequest, under rules: Rules, now: EpochMilliseconds) -> [String] {
        guard rules.verifier.awaitsKeys, let found = try? credentials(request, rules, now: now).0,
            case .bearer(let token) = found
        else { return [] }
        return rules.verifier.issuersToAsk(about: token, now: now)
    }

    /// The token or ticket of a request, if it may be looked at now, with the hash and the address that failures are
    /// counted by.
    private func credentials(
        _ request: HTTPRequest, _ rules: Rules, now: EpochMilliseconds
    ) throws(AccessRefusal) -> (Credentials, AttemptGate.CredentialHash, WireText) {
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
        let address = NetworkAddress.countedAs(request.remoteAddress)
        let hash = AttemptGate.hash(found)
        if let seconds = context.attempts.withLock({ $0.retryAfterSeconds(hash, from: address, now: now) }) {
            throw AccessRefusal(
                .tooManyFailures,
                "This token or ticket has failed too often, or too many bad ones came from this address: try again later.",
                retryAfterSeconds: seconds)
        }
        return (found, hash, address)
    }

    /// All cookies of a request: some proxies and HTTP/2 clients send a line for each.
    private static func cookies(_ request: HTTPRequest) -> WireText? {
        let lines = request.headers.filter { $0.name.equalsIgnoringASCIICase("cookie") }.map(\.value)
        return lines.count > 1 ? WireText(lines.map(\.string).joined(separator: "; ")) : lines.first
    }

    private func look(
        up credentials: Credentials, _ rules: Rules, now: EpochMilliseconds
    ) throws(AccessRefusal) -> Identity {
        let identity: Identity
        switch credentials {
        case .bearer(let token): identity = try rules.verifier.identity(token, now: now)
        case .ticket(let ticket):
            // A HEAD uses nothing up.
            let isKept = exchange.request.method == "HEAD"
            let found = context.tickets.withLock {
                isKept ? $0.holder(of: ticket, now: now) : $0.redeem(ticket, now: now)
            }
            guard let found else {
                throw AccessRefusal(.unknownTicket, "The ticket was used before, is too old, or was never issued.")
            }
            identity = found
        }
        try context.revocations.check(identity, now: now)
        return identity
    }

    /// The same, for what only administrators may ask.
    func administrator(_ request: HTTPRequest, now: EpochMilliseconds) throws(AccessRefusal) -> Identity {
        let identity = try identity(request, takesTicket: false, now: now)
        guard identity.grant.admin else {
            throw AccessRefusal(.grantCoversNothing, "The token's grant does not say admin.", issuer: identity.issuer)
        }
        return identity
    }

    /// The answer to somebody who is not let in.
    func problem(_ refusal: AccessRefusal, for request: HTTPRequest) -> Problem {
        context.metrics.count(.accessRefused, "reason", refusal.reason.rawValue)
        context.accessLog.warning(
            "refused \(request.remoteAddress): \(refusal.reason.rawValue): \(refusal.detail)",
            now: System.wallMilliseconds())
        var problem = Problem(refusal.status, refusal.reason.rawValue, refusal.detail)
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
