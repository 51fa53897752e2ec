internal import Access
internal import Events
internal import FrontDoor
internal import Platform
internal import Wire

// Authentication: the one place where routes get an identity.
extension Request {
    /// Verifies the request's token or ticket.
    /// - Parameter takesTicket: false if the route needs the token itself; a ticket is refused then and stays valid.
    func identity(takesTicket: Bool = true) throws(AccessRefusal) -> Identity {
        let identity = try verified(takesTicket: takesTicket)
        exchange.user = identity.user
        exchange.issuer = identity.issuer
        return identity
    }

    /// The same, for routes that only administrators may use.
    func administrator() throws(AccessRefusal) -> Identity {
        let identity = try identity(takesTicket: false)
        guard identity.grant.admin else {
            throw AccessRefusal(
                .grantCoversNothing, "The token's grant does not say admin.", issuer: identity.issuer.string)
        }
        return identity
    }

    /// The issuers whose keys must be fetched to verify the request's token. Empty for nearly every request, and for
    /// one whose token would not be verified, because too many bad tokens came before it.
    func issuersToAsk() -> [String] {
        guard rules.verifier.awaitsKeys, let found = try? credentials(), case .bearer(let token) = found,
            secondsToVerification(attempt(found)) == nil
        else { return [] }
        return rules.verifier.issuersToAsk(about: token, now: now)
    }

    private func verified(takesTicket: Bool) throws(AccessRefusal) -> Identity {
        let found = try credentials()
        switch found {
        case .ticket where !takesTicket:
            throw AccessRefusal(.wrongTokenKind, "A ticket opens a stream; here the token itself is needed.")
        case .ticket(let ticket): return try holder(ofTicket: ticket, attempt(found))
        case .bearer(let token): return try holder(ofToken: token, attempt(found))
        }
    }

    /// One attempt to authenticate, as ``AttemptGate`` counts it.
    private struct Attempt {
        let credential: AttemptGate.CredentialHash
        let address: WireText
    }

    private func attempt(_ credential: Credentials) -> Attempt {
        Attempt(credential: AttemptGate.hash(credential), address: NetworkAddress.countedAs(http.remoteAddress))
    }

    /// Looking a ticket up costs no more than counting a failure, so the gate is not asked before.
    private func holder(ofTicket ticket: WireText, _ attempt: Attempt) throws(AccessRefusal) -> Identity {
        // HEAD does not use the ticket up.
        let isKept = http.method == "HEAD"
        let found = shared.tickets.withLock {
            isKept ? $0.holder(of: ticket, now: now) : $0.redeem(ticket, now: now)
        }
        guard let identity = found else {
            let refusal = AccessRefusal(
                .unknownTicket, "The ticket was used before, is too old, or was never issued.")
            throw failure(of: attempt, refusal)
        }
        do throws(AccessRefusal) { try shared.revocations.check(identity, now: now) } catch {
            throw failure(of: attempt, error)
        }
        return identity
    }

    private func holder(ofToken token: WireText, _ attempt: Attempt) throws(AccessRefusal) -> Identity {
        var cost: Int64 = 0
        do throws(AccessRefusal) {
            let prepared = try rules.verifier.prepare(token)
            if let seconds = secondsToVerification(attempt) { throw Self.slowed(seconds) }
            cost = prepared.costMicroseconds
            let identity = try rules.verifier.identity(prepared, now: now)
            try shared.revocations.check(identity, now: now)
            shared.attempts.withLock { $0.succeeded(attempt.credential) }
            return identity
        } catch {
            throw failure(of: attempt, costMicroseconds: cost, error)
        }
    }

    private func secondsToVerification(_ attempt: Attempt) -> Int? {
        shared.attempts.withLock {
            $0.secondsToVerification(of: attempt.credential, from: attempt.address, now: now)
        }
    }

    /// Counts a failed attempt.
    /// - Returns: the refusal to answer with: `refusal` itself, or `too_many_failures`.
    private func failure(
        of attempt: Attempt, costMicroseconds: Int64 = 0, _ refusal: AccessRefusal
    ) -> AccessRefusal {
        guard refusal.isFailedAttempt else { return refusal }
        let seconds = shared.attempts.withLock {
            $0.failed(attempt.credential, from: attempt.address, costMicroseconds: costMicroseconds, now: now)
        }
        return seconds.map(Self.slowed) ?? refusal
    }

    private static func slowed(_ seconds: Int) -> AccessRefusal {
        AccessRefusal(
            .tooManyFailures,
            "This token or ticket has failed too often, or too many bad ones came from this address: try again later.",
            retryAfterSeconds: seconds)
    }

    /// The token or ticket of the request.
    private func credentials() throws(AccessRefusal) -> Credentials {
        // The origin is checked only if there is a cookie.
        let cookie = cookies.flatMap { CrossOrigin(rules: rules).mayUseCookie(http) ? $0 : nil }
        let found = try Credentials.find(
            authorization: http.header("authorization"), cookie: cookie, query: http.query)
        guard let found else {
            throw AccessRefusal(
                .missingToken,
                "A token is needed: as Authorization: Bearer, as the cookie roomwire, or as access_token= in the query."
            )
        }
        return found
    }

    /// Refuses a cookie as the credential of a client that brings something into the streams, unless the request comes
    /// from a page of a listed origin or of the relay's own. Browsers attach cookies to what any page has them send.
    func checkOriginOfCookie() throws(ClientRefusal) {
        guard http.header("authorization") == nil, let cookies,
            (try? Credentials.find(authorization: nil, cookie: cookies, query: [])) != nil,
            !CrossOrigin(rules: rules).isOfListedPage(http)
        else { return }
        throw ClientRefusal(
            .originNotListed,
            "A cookie lets in only pages of an origin that cors.origins lists, or of the relay's own: send the token in "
                + "Authorization.")
    }

    /// All cookies of the request. Some proxies and HTTP/2 clients send a line for each.
    private var cookies: WireText? {
        let lines = http.headers.filter { $0.name.equalsIgnoringASCIICase("cookie") }.map(\.value)
        return lines.count > 1 ? WireText(lines.map(\.string).joined(separator: "; ")) : lines.first
    }
}
