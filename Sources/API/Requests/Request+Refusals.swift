internal import Access
internal import Events
internal import FrontDoor
internal import Platform
internal import Telemetry
internal import Wire

// How a request is refused: with a status, or, to a browser's EventSource, as an event on a stream that ends.
extension Request {
    /// Refuses the request for an error that a route has thrown.
    func refuse(_ error: any Error) {
        switch error {
        case let refusal as AccessRefusal: tell(problem(refusal), retryAfterSeconds: refusal.retryAfterSeconds)
        case let refusal as ClientRefusal:
            shared.metrics.count(refusal.reason)
            reply(refusal.problem.response)
        case let error as QueryError: tell(error.problem, retryAfterSeconds: nil)
        case let refusal as PresenceRefusal:
            shared.members.count(refusal.reason)
            tell(refusal.problem, retryAfterSeconds: refusal.retryAfterSeconds)
        default: tell(QueryError.inRequest("The request cannot be read.").problem, retryAfterSeconds: nil)
        }
    }

    /// Refuses a stream, a page or a list to a client whose token is valid.
    func refuse(_ refusal: StreamRefusal) {
        shared.metrics.count(refusal.reason)
        if audience == .eventSources {
            shared.accessLog.warning(
                "refused a stream to \(http.remoteAddress): \(refusal.reason.label): \(refusal.detail)",
                now: WallClock.now())
        }
        tell(refusal.problem, retryAfterSeconds: refusal.retryAfterSeconds)
    }

    /// Counts and logs a failed authentication.
    /// - Returns: the problem to answer with.
    func problem(_ refusal: AccessRefusal) -> Problem {
        shared.metrics.count(refusal.reason)
        let log = refusal.reason == .tooManyFailures ? shared.slowedLog : shared.accessLog
        log.warning(
            "refused \(http.remoteAddress): \(refusal.reason.rawValue): \(refusal.detail)",
            now: WallClock.now())
        var problem = Problem(refusal.status, refusal.reason.rawValue, refusal.detail)
        // A client that guesses needs a new connection for each further guess.
        problem.closesConnection = refusal.reason == .tooManyFailures
        // A client that should try again later needs no other token.
        if let seconds = refusal.retryAfterSeconds {
            problem.retryAfterSeconds = seconds
        } else {
            problem.headers = [("WWW-Authenticate", refusal.challenge)]
        }
        return problem
    }

    /// Answers with a problem, or with a `refused` event to an EventSource.
    /// - Parameter retryAfterSeconds: nil if the same request will never be accepted.
    private func tell(_ problem: Problem, retryAfterSeconds: Int?) {
        guard audience == .eventSources, hearsOnStream else { return reply(problem.response) }
        let message = RefusedMessage(
            reason: problem.reason, detail: problem.detail, retryAfterSeconds: retryAfterSeconds,
            isNamed: ["1" as WireText, "true"].contains(http.query("named")))
        reply(message.response)
    }

    /// True if the refusal is sent as an event on a stream: if the client asks for that, or seems to be an EventSource.
    /// After any status but 200 an EventSource never reconnects and tells its page nothing. It accepts only event
    /// streams and cannot send `Authorization`. The query may be invalid, so it is not checked here.
    private var hearsOnStream: Bool {
        guard http.method == "GET" else { return false }
        if let choice = http.query("refuse") { return choice == "stream" }
        guard http.header("authorization") == nil, http.query("format") ?? "sse" == "sse" else { return false }
        return (try? AcceptHeader(http))?.isOnly("text/event-stream") ?? false
    }

    /// Logs that a web page may not read the answer. The page's author cannot see why it failed; the operator can.
    func noteUnlistedOrigin() {
        guard let origin = CrossOrigin(rules: rules).strangerOrigin(http) else { return }
        let path = LoggedRequest(exchange).target(withQuery: false)
        shared.originLog.warning(
            "a page of \(LogText.origin(origin)) asked for \(path) and may not read the answer: cors.origins does "
                + "not list it", now: WallClock.now())
    }
}
