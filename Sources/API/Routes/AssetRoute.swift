internal import FrontDoor
internal import Page
internal import Wire

/// `GET /` for browsers, and the files that pages load: the dashboard's, and the client module.
///
/// They contain no secret and need no token. The page gets its data from the API, with its user's token.
enum AssetRoute {
    /// The headers of every answer. If a room's name reached the page as markup, the page would still run only the
    /// relay's scripts and send nothing to other servers.
    private static let headers = [
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        // The browser asks on each visit whether the file has changed, as it may after an upgrade of the relay.
        ("Cache-Control", "no-cache"),
    ]

    /// The answer; nil if there is no asset at this path, or none for this client.
    static func answer(_ request: HTTPRequest, _ rules: Rules) -> HTTPResponse? {
        let path = request.path.allSatisfy(\.isEmpty) ? [] : request.path
        if path == ["dashboard", "config.json"] {
            return rules.showsDashboard ? config(request, rules) : nil
        }
        guard let asset = Assets.asset(at: path), rules.showsDashboard || !asset.isOfDashboard else { return nil }
        // A client that is not a browser gets a 404 at the root, which names the path of the events.
        if path.isEmpty && !takesPages(request) { return nil }
        guard isRead(request) else { return Problem.method(request.method, allowed: "GET, HEAD").response }
        let form = asset.form(gzip: takesGzip(request))
        var response = HTTPResponse(status: 200, body: form.bytes)
        response.headers = [("ETag", form.tag)] + headers
        response.headers.append(("Vary", path.isEmpty ? "Accept, Accept-Encoding" : "Accept-Encoding"))
        if EntityTags(request).match(WireText(form.tag)) {
            var unchanged = HTTPResponse(status: 304)
            unchanged.headers = response.headers
            return unchanged
        }
        response.headers.append(("Content-Type", asset.contentType))
        if takesGzip(request) { response.headers.append(("Content-Encoding", "gzip")) }
        return response
    }

    /// Tells the page where the API is, since the settings may change its prefix.
    private static func config(_ request: HTTPRequest, _ rules: Rules) -> HTTPResponse {
        guard isRead(request) else { return Problem.method(request.method, allowed: "GET, HEAD").response }
        var response = HTTPResponse.json { writer in
            writer.object { $0.member("prefix", rules.pathPrefix) }
        }
        response.headers += headers
        return response
    }

    private static func isRead(_ request: HTTPRequest) -> Bool { request.method == "GET" || request.method == "HEAD" }

    /// True if the client's `Accept` names `text/html`, as browsers do and other tools do not.
    static func takesPages(_ request: HTTPRequest) -> Bool {
        guard let accept = try? AcceptHeader(request) else { return false }
        return accept.ranges.contains { $0.type == "text" && $0.subtype == "html" && $0.weight > 0 }
    }

    /// True if the client accepts gzip (RFC 9110, section 12.5.3).
    static func takesGzip(_ request: HTTPRequest) -> Bool {
        var takesAny = false
        for header in request.headers where header.name.equalsIgnoringASCIICase("accept-encoding") {
            for element in header.value.split(at: UInt8(ascii: ",")) {
                let parts = element.split(at: UInt8(ascii: ";")).map { $0.trimmingBlanks() }
                guard let coding = parts.first else { continue }
                let isRefused = parts.dropFirst().contains { isZeroWeight($0) }
                if coding.equalsIgnoringASCIICase("gzip") || coding.equalsIgnoringASCIICase("x-gzip") {
                    return !isRefused
                }
                if coding == "*" { takesAny = !isRefused }
            }
        }
        return takesAny
    }

    /// True for `q=0`, `q=0.0` and so on.
    private static func isZeroWeight(_ parameter: WireText) -> Bool {
        let sides = parameter.split(at: UInt8(ascii: "=")).map { $0.trimmingBlanks() }
        guard sides.count == 2, sides[0].equalsIgnoringASCIICase("q") else { return false }
        return sides[1].utf8.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
    }
}
