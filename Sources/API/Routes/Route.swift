internal import Wire

/// One entry of a ``RouteTable``: a path, its methods, and the function that handles a request.
struct Route: Sendable {
    /// What one segment of a path must match.
    private enum Segment: Sendable {
        case literal(WireText)
        case anything
    }

    /// As it is written: `streams/{id}/renew`.
    let path: String
    private let segments: [Segment]
    let methods: [String]
    let audience: Request.Audience
    /// Decides what to do with a request. If it throws, the request is refused.
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

/// Finds the route of a path and a method.
struct RouteTable: Sendable {
    /// In the order in which they are tried. Routes of one path are next to each other.
    let routes: [Route]

    init(_ routes: [Route]) {
        self.routes = routes
    }

    /// The routes of one path.
    struct Match {
        fileprivate let routes: ArraySlice<Route>

        /// All methods of the path, for `Allow`.
        var methods: [String] { routes.flatMap(\.methods) }

        /// The clients that the path is for.
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
