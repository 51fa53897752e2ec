internal import Access
internal import Events
package import FrontDoor
internal import Wire

/// CORS: what web pages of other origins may read and send.
package struct CrossOrigin {
    let rules: Rules

    /// CORS by these rules.
    package init(rules: Rules) { self.rules = rules }

    /// The headers that a page may read besides the body.
    private static let exposed = (name: "Access-Control-Expose-Headers", value: "ETag, Retry-After, WWW-Authenticate")

    /// The CORS headers of an answer. If the settings list origins, every answer has `Vary: Origin`, and the answer to
    /// a listed origin has the others.
    package func headers(_ request: HTTPRequest) -> [(name: String, value: String)] {
        guard rules.hasOrigins else { return [] }
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

    /// The answer to `OPTIONS` on a path that takes `methods`, a browser's preflight among them.
    func preflight(_ request: HTTPRequest, methods: [String]) -> HTTPResponse {
        let allowed = methods.joined(separator: ", ")
        var response = HTTPResponse(status: 204)
        response.headers = [("Allow", allowed + ", OPTIONS")]
        let origin = request.header("origin").map(rules.origins.decision)
        guard let origin, origin != .refused else { return response }
        response.headers += [
            ("Access-Control-Allow-Methods", allowed),
            ("Access-Control-Allow-Headers", Self.allowedHeaders(request)),
            ("Access-Control-Max-Age", "600"),
        ]
        // Only for listed origins: pages of any other site must not reach into a private network.
        if origin == .allowed, request.header("access-control-request-private-network") == "true" {
            response.headers.append(("Access-Control-Allow-Private-Network", "true"))
        }
        return response
    }

    /// The headers that clients of the API need, and those that the page asks for, which tracing tools and polyfills
    /// add.
    private static func allowedHeaders(_ request: HTTPRequest) -> String {
        let usual: [WireText] = ["Authorization", "Content-Type", "Last-Event-ID", "If-None-Match"]
        var known = Set(usual.map { $0.asciiLowercased() })
        var names = usual
        for line in request.headers where line.name.equalsIgnoringASCIICase("access-control-request-headers") {
            for element in line.value.utf8.split(whereSeparator: { ", \t".utf8.contains($0) }) {
                guard names.count < Limits.preflightHeaders, element.count <= Limits.preflightHeaderBytes,
                    element.allSatisfy(isToken)
                else { continue }
                let name = WireText(decoding: element).asciiLowercased()
                guard known.insert(name).inserted else { continue }
                names.append(name)
            }
        }
        return names.map(\.string).joined(separator: ", ")
    }

    /// True for letters, digits and the marks that RFC 9110, section 5.6.2 allows in header names.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// The origin of the request, if it is of another site and the settings do not list it.
    func strangerOrigin(_ request: HTTPRequest) -> WireText? {
        guard let origin = request.header("origin"), rules.origins.decision(for: origin) == .refused else { return nil }
        return isOwn(origin, request) ? nil : origin
    }

    private func isOwn(_ origin: WireText, _ request: HTTPRequest) -> Bool {
        guard let host = request.header("host") else { return false }
        return origin == "https://\(host)" || origin == "http://\(host)"
    }

    /// True if the token in the request's cookie counts. Browsers attach the cookie to requests of any page (CSRF), so
    /// a request that changes something must come from a page of the relay's own origin or of a listed one.
    func mayUseCookie(_ request: HTTPRequest) -> Bool {
        if request.method == "GET" || request.method == "HEAD" { return true }
        return request.header("origin") == nil || isOfListedPage(request)
    }

    /// Whether a request says that it comes from a page of a listed origin, or of the relay's own.
    func isOfListedPage(_ request: HTTPRequest) -> Bool {
        guard let origin = request.header("origin") else { return false }
        return rules.origins.decision(for: origin) == .allowed || isOwn(origin, request)
    }
}
