internal import Access
internal import FrontDoor
internal import Wire

/// CORS: what pages of other origins may do.
struct CrossOrigin {
    let rules: Rules

    /// What a page may read beside the body.
    private static let exposed = (name: "Access-Control-Expose-Headers", value: "ETag, Retry-After, WWW-Authenticate")

    /// The headers of an answer: where origins are set, `Vary: Origin` always, and the rest if the request's is
    /// listed.
    func headers(_ request: HTTPRequest) -> [(name: String, value: String)] {
        guard !rules.settings.cors.origins.isEmpty else { return [] }
        let vary = (name: "Vary", value: "Origin")
        guard let origin = request.header("origin") else { return [vary] }
        switch rules.origins.decision(for: origin) {
        case .allowed:
            return [
                vary, ("Access-Control-Allow-Origin", origin.string), ("Access-Control-Allow-Credentials", "true"),
                Self.exposed,
            ]
        case .allowedWithoutCredentials: return [vary, ("Access-Control-Allow-Origin", "*"), Self.exposed]
        case .refused: return [vary]
        }
    }

    /// The answer to `OPTIONS` on a path that takes `methods`: also to a browser that asks first.
    func preflight(_ request: HTTPRequest, methods: [String]) -> HTTPResponse {
        let allowed = methods.joined(separator: ", ")
        var response = HTTPResponse(status: 204)
        response.headers = [("Allow", allowed + ", OPTIONS")]
        let origin = request.header("origin").map(rules.origins.decision)
        guard let origin, origin != .refused else { return response }
        response.headers += [
            ("Access-Control-Allow-Methods", allowed),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID, If-None-Match"),
            ("Access-Control-Max-Age", "600"),
        ]
        return response
    }

    /// Whether a request may be let in by its cookie, which browsers attach to whatever any page has them send:
    /// where something changes, only from a page of our own or a listed one.
    func mayUseCookie(_ request: HTTPRequest) -> Bool {
        if request.method == "GET" || request.method == "HEAD" { return true }
        guard let origin = request.header("origin") else { return true }
        if rules.origins.decision(for: origin) == .allowed { return true }
        guard let host = request.header("host") else { return false }
        return origin == "https://\(host)" || origin == "http://\(host)"
    }
}
