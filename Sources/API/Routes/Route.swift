internal import Wire

/// One entry of a table of routes: a path, the methods that it takes, and what handles a request.
struct Route: Sendable {
    /// What one segment of a path must be.
    private enum Segment: Sendable {
        case literal(WireText)
        case anything
    }

    /// As it is written: `streams/{id}/renew`.
    let path: String
    private let segments: [Segment]
    let methods: [String]
    let audience: Request.Audience
    /// Says what to do; a request that it throws for is refused.
    let handle: @Sendable (Request) throws -> Outcome

    init(
        _ path: String, _ methods: [String], for audience: Request.Audience = .pages,
        handle: @escaping @Sendable (Request) throws -> Outcome
    ) {
        self.path = path
        segments = path.split(separator: "/").map { segment in
            segment.utf8.first == UInt8(ascii: "{") ? .anything : .literal(WireText(String(segment)))
        }
        self.methods = methods
        self.audience = audience
        self.handle = handle
    }

    fileprivate func matches(_ path: ArraySlice<WireText>) -> Bool {
        guard path.count == segments.count else { return false }
        return zip(segments, path).allSatisfy { segment, text in
            if case .literal(let literal) = segment { literal == text } else { true }
        }
    }
}

/// Which route a path has, and which methods.
struct RouteTable: Sendable {
    /// In the order in which they are looked at; those of one path stand together.
    let routes: [Route]

    init(_ routes: [Route]) {
        self.routes = routes
    }

    /// The routes of one path.
    struct Match {
        fileprivate let routes: ArraySlice<Route>

        /// All methods that the path takes.
        var methods: [String] { routes.flatMap(\.methods) }

        /// Which clients the path is for.
        var audience: Request.Audience { routes.first?.audience ?? .pages }

        /// The route that takes a method.
        func route(for method: String) -> Route? { routes.first { $0.methods.contains(method) } }
    }

    /// The routes of a path; nil if there are none.
    func match(_ path: ArraySlice<WireText>) -> Match? {
        guard let first = routes.firstIndex(where: { $0.matches(path) }) else { return nil }
        var end = first + 1
        while end < routes.count, routes[end].path == routes[first].path { end += 1 }
        return Match(routes: routes[first..<end])
    }
}
