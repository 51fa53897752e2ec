internal import Access
internal import Events
internal import FrontDoor
internal import Platform
internal import Telemetry
internal import Wire

// How a stream is refused: as a status, or, to a browser's EventSource, as an event on a stream that ends.
extension Worker {
    /// Refuses a stream whose token is good.
    func refuse(_ exchange: Exchange, _ opening: Opening, _ refusal: StreamRefusal) {
        let request = exchange.request
        context.metrics.count(refusal.reason)
        context.accessLog.warning(
            "refused a stream to \(request.remoteAddress): \(refusal.reason.label): \(refusal.detail)",
            now: WallClock.now())
        tell(exchange, refusal.problem, opening.check, retryAfterSeconds: refusal.retryAfterSeconds)
    }

    /// Refuses a stream to a client that is not let in.
    func deny(_ exchange: Exchange, _ refusal: AccessRefusal, _ check: AccessCheck) {
        let problem = check.problem(refusal, for: exchange.request)
        tell(exchange, problem, check, retryAfterSeconds: refusal.retryAfterSeconds)
    }

    /// Refuses a stream that was asked for in a way that cannot be understood.
    func deny(_ exchange: Exchange, _ mistake: StreamQuery.Mistake, _ check: AccessCheck) {
        let problem =
            mistake.isAboutForms
            ? Problem(406, "not_acceptable", mistake.sentence) : Problem(400, "bad_query", mistake.sentence)
        tell(exchange, problem, check, retryAfterSeconds: nil)
    }

    /// - Parameter retryAfterSeconds: nil if the same request will never be let in.
    private func tell(_ exchange: Exchange, _ problem: Problem, _ check: AccessCheck, retryAfterSeconds: Int?) {
        let request = exchange.request
        guard Self.hearsOnStream(request) else { return reply(exchange, problem.response, check) }
        let message = ControlMessage.refused(
            reason: problem.reason, detail: problem.detail, retryAfterSeconds: retryAfterSeconds,
            isNamed: ["1" as WireText, "true"].contains(request.query("named")))
        reply(exchange, Self.briefStream(message), check)
    }

    /// Whether a refusal goes onto a stream: if the client chose so, else if it seems to be an EventSource, which never
    /// comes back after any other status than 200 and shows its page nothing of it. It takes event streams and nothing
    /// else, and cannot send `Authorization`. The query may be wrong, so it is looked at loosely.
    static func hearsOnStream(_ request: HTTPRequest) -> Bool {
        guard request.method == "GET" else { return false }
        if let choice = request.query("refuse") { return choice == "stream" }
        guard request.header("authorization") == nil, request.query("format") ?? "sse" == "sse" else { return false }
        return (try? AcceptHeader(request))?.isOnly("text/event-stream") ?? false
    }

    private static func briefStream(_ message: [UInt8]) -> HTTPResponse {
        var response = HTTPResponse(status: 200, contentType: StreamHead.contentType(.sse), body: message)
        response.headers.append(("Cache-Control", "no-store"))
        response.closesConnection = true
        return response
    }

    /// Tells the operator of a page that may not read what it asks for: its author sees nothing but a failure.
    func noteStranger(_ exchange: Exchange) {
        guard let origin = CrossOrigin(rules: context.rules).strangerOrigin(exchange.request) else { return }
        let path = LoggedRequest(exchange).target(withQuery: false)
        context.originLog.warning(
            "a page of \(LogText.origin(origin)) asked for \(path) and may not read the answer: cors.origins does "
                + "not list it", now: WallClock.now())
    }
}
