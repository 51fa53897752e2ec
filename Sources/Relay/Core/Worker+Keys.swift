internal import Access
internal import Events
internal import FrontDoor

// Tokens whose key is not known yet: their requests wait while the issuer's keys are fetched.
extension Worker {
    /// Deals with a request whose token cannot be judged with the keys that are known: it waits for others, or is told
    /// when to come back. The token may be good, so that 401 would be wrong, and final to a browser.
    /// - Returns: false if the request can be judged now.
    func waitsForKeys(_ exchange: Exchange, _ check: AccessCheck, hasWaited: Bool, now: WallTime) -> Bool {
        let rules = context.rules
        let issuers = check.issuersToAsk(about: exchange.request, under: rules, now: now)
        guard !issuers.isEmpty else { return false }
        let answer =
            hasWaited
            ? context.keys.demandAfterWait(of: issuers)
            : context.keys.demand(of: issuers, under: rules, on: mailbox) {
                keep(exchange) { [unowned self] _ in route(exchange, hasWaitedForKeys: true) }
            }
        switch answer {
        case nil: return waitsForKeys(exchange, check, hasWaited: hasWaited, now: now)
        case .judge: return false
        case .wait: return true
        case .unavailable(let seconds):
            let refusal = AccessRefusal(
                .keysUnavailable,
                "The keys of the token's issuer cannot be fetched now, so nobody can tell whether it is good.",
                retryAfterSeconds: seconds)
            if exchange.request.path.last == "events" {
                deny(exchange, refusal, check)
            } else {
                reply(exchange, check.problem(refusal, for: exchange.request).response, check)
            }
            return true
        }
    }
}
