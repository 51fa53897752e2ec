internal import Access
internal import FrontDoor

/// `GET /api/diag/stream`: for any client with a token, whatever its grant, since the frames contain nothing of any
/// room.
enum DiagnosticsRoute {
    static let routes = [Route("diag/stream", ["GET", "HEAD"], handle: open)]

    @Sendable private static func open(_ request: Request) throws -> Outcome {
        let identity = try request.identity()
        let plan = try DiagnosticPlan(
            request.http.query, heartbeatMilliseconds: request.rules.heartbeatMilliseconds)
        if request.http.method == "HEAD" { return .answer(StreamHead.alone(.sse)) }
        return .diagnose(plan, identity)
    }
}
