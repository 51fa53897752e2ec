internal import Access
internal import EventLoop
internal import Events
internal import FrontDoor

// Tokens whose key is not known yet: their requests wait while the issuer's keys are fetched.
extension Worker {
    /// Deals with a request whose token cannot be judged with the keys that are known: it waits for others, or is told
    /// when to come back. The token may be good, so that 401 would be wrong, and final to a browser.
    /// - Returns: false if the request can be judged now.
    func waitsForKeys(_ exchange: Exchange, _ check: AccessCheck, hasWaited: Bool, now: EpochMilliseconds) -> Bool {
        let issuers = check.issuersToAsk(about: exchange.request, now: now)
        guard !issuers.isEmpty else { return false }
        let answer =
            hasWaited
            ? context.keys.demandAfterWait(of: issuers)
            : context.keys.demand(of: issuers, on: mailbox) {
                keep(exchange) { [unowned self] _ in route(exchange, hasWaitedForKeys: true) }
            }
        switch answer {
        case .judge: return false
        case .wait: return true
        case .unavailable(let seconds):
            context.metrics.count(.accessRefused, "reason", "keys_unavailable")
            refuse(exchange, check, .keysUnavailable(retryAfterSeconds: seconds), now: now)
            return true
        }
    }

    private func refuse(
        _ exchange: Exchange, _ check: AccessCheck, _ refusal: StreamRefusal, now: EpochMilliseconds
    ) {
        let request = exchange.request
        context.accessLog.warning("could not judge \(request.remoteAddress): \(refusal.detail)", now: now)
        // What is no stream is answered with the problem.
        guard request.path.last == "events", let query = try? StreamQuery(request, now: now) else {
            return reply(exchange, refusal.problem.response, check)
        }
        reply(exchange, refusal.response(to: request, query), check)
    }
}

extension AccessCheck {
    /// The issuers whose keys have to be fetched to judge a request's token; none for nearly every request.
    func issuersToAsk(about request: HTTPRequest, now: EpochMilliseconds) -> [String] {
        let found = try? Credentials.find(
            authorization: request.header("authorization"), cookie: request.header("cookie"), query: request.query)
        guard case .bearer(let token) = found else { return [] }
        return context.rules.verifier.issuersToAsk(about: token, now: now)
    }
}
