internal import Access
internal import EventLoop
internal import Events
internal import FrontDoor

/// Who asks, and what the answer may show. The one place where routes come by an identity.
struct AccessCheck {
    let context: RelayContext
    /// Where to note for the log whose request it is.
    let exchange: Exchange

    /// The identity behind a request's token or ticket.
    func identity(_ request: HTTPRequest, now: EpochMilliseconds) throws(AccessRefusal) -> Identity {
        let identity = try verified(request, now: now)
        exchange.user = identity.user
        return identity
    }

    private func verified(_ request: HTTPRequest, now: EpochMilliseconds) throws(AccessRefusal) -> Identity {
        let found = try Credentials.find(
            authorization: request.header("authorization"), cookie: request.header("cookie"), query: request.query)
        switch found {
        case .bearer(let token): return try context.rules.verifier.identity(token, now: now)
        case .ticket(let ticket):
            guard let identity = context.tickets.withLock({ $0.redeem(ticket, now: now) }) else {
                throw AccessRefusal(.unknownTicket, "The ticket was used before, is too old, or was never issued.")
            }
            return identity
        case nil:
            throw AccessRefusal(
                .missingToken,
                "A token is needed: as Authorization: Bearer, as the cookie roomwire, or as access_token= in the query."
            )
        }
    }

    /// The same, for what only administrators may ask.
    func administrator(_ request: HTTPRequest, now: EpochMilliseconds) throws(AccessRefusal) -> Identity {
        let identity = try identity(request, now: now)
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
        problem.headers = [("WWW-Authenticate", refusal.challenge)]
        return problem
    }

    /// The CORS headers for a request: none unless its origin is listed.
    func corsHeaders(_ request: HTTPRequest) -> [(name: String, value: String)] {
        let rules = context.rules
        guard !rules.settings.cors.origins.isEmpty else { return [] }
        let vary = (name: "Vary", value: "Origin")
        guard let origin = request.header("origin") else { return [vary] }
        switch rules.origins.decision(for: origin) {
        case .allowed:
            return [
                vary, ("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"),
                ("Access-Control-Expose-Headers", "ETag, Retry-After"),
            ]
        case .allowedWithoutCredentials:
            return [
                vary, ("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "ETag, Retry-After"),
            ]
        case .refused: return [vary]
        }
    }

    /// The answer to a browser that asks first.
    func preflight(_ request: HTTPRequest) -> HTTPResponse {
        var response = HTTPResponse(status: 204)
        response.headers = [
            ("Access-Control-Allow-Methods", "GET, POST, DELETE"),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID, If-None-Match"),
            ("Access-Control-Max-Age", "600"),
        ]
        return response
    }
}
