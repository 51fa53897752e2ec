internal import Access
internal import Events
internal import FrontDoor
internal import Platform
internal import Telemetry
internal import Wire

// How a request is refused: with a status, or, to a browser's EventSource, as an event on a stream that ends.
extension Request {
    /// Refuses for what a route has thrown.
    func refuse(_ error: any Error) {
        switch error {
        case let refusal as AccessRefusal: tell(problem(refusal), retryAfterSeconds: refusal.retryAfterSeconds)
        case let error as QueryError: tell(error.problem, retryAfterSeconds: nil)
        case let refusal as PresenceRefusal:
            shared.members.count(refusal.reason)
            tell(refusal.problem, retryAfterSeconds: refusal.retryAfterSeconds)
        default: tell(QueryError.inRequest("The request cannot be read.").problem, retryAfterSeconds: nil)
        }
    }

    /// Refuses a stream or an answer to a client whose token is good.
    func refuse(_ refusal: StreamRefusal) {
        shared.metrics.count(refusal.reason)
        if audience == .eventSources {
            shared.accessLog.warning(
                "refused a stream to \(http.remoteAddress): \(refusal.reason.label): \(refusal.detail)",
                now: WallClock.now())
        }
        tell(refusal.problem, retryAfterSeconds: refusal.retryAfterSeconds)
    }

    /// Counts and logs the refusal of a client that is not let in.
    /// - Returns: the answer.
    func problem(_ refusal: AccessRefusal) -> Problem {
        shared.metrics.count(refusal.reason)
        let log = refusal.reason == .tooManyFailures ? shared.slowedLog : shared.accessLog
        log.warning(
            "refused \(http.remoteAddress): \(refusal.reason.rawValue): \(refusal.detail)",
            now: WallClock.now())
        var problem = Problem(refusal.status, refusal.reason.rawValue, refusal.detail)
        // The next guess costs another connection.
        problem.closesConnection = refusal.reason == .tooManyFailures
        // A client that has to wait need not show another token.
        if let seconds = refusal.retryAfterSeconds {
            problem.retryAfterSeconds = seconds
        } else {
            problem.headers = [("WWW-Authenticate", refusal.challenge)]
        }
        return problem
    }

    /// - Parameter retryAfterSeconds: nil if the same request will never be let in.
    private func tell(_ problem: Problem, retryAfterSeconds: Int?) {
        guard audience == .eventSources, hearsOnStream else { return reply(problem.response) }
        let message = RefusedMessage(
            reason: problem.reason, detail: problem.detail, retryAfterSeconds: retryAfterSeconds,
            isNamed: ["1" as WireText, "true"].contains(http.query("named")))
        reply(message.response)
    }

    /// Whether a refusal goes onto a stream: if the client chose so, else if it seems to be an EventSource, which never
    /// comes back after any other status than 200 and shows its page nothing of it. It takes event streams and nothing
    /// else, and cannot send `Authorization`. The query may be wrong, so it is looked at loosely.
    private var hearsOnStream: Bool {
        guard http.method == "GET" else { return false }
        if let choice = http.query("refuse") { return choice == "stream" }
        guard http.header("authorization") == nil, http.query("format") ?? "sse" == "sse" else { return false }
        return (try? AcceptHeader(http))?.isOnly("text/event-stream") ?? false
    }

    /// Tells the operator of a page that may not read what it asks for: its author sees nothing but a failure.
    func noteUnlistedOrigin() {
        guard let origin = CrossOrigin(rules: rules).strangerOrigin(http) else { return }
        let path = LoggedRequest(exchange).target(withQuery: false)
        shared.originLog.warning(
            "a page of \(LogText.origin(origin)) asked for \(path) and may not read the answer: cors.origins does "
                + "not list it", now: WallClock.now())
    }
}
