internal import Access
internal import Events
internal import FrontDoor
internal import Wire

/// `GET /api/events`: a stream, or a page of events.
enum EventsRoute {
    static let routes = [Route("events", ["GET", "HEAD"], for: .eventSources, handle: open)]

    @Sendable private static func open(_ request: Request) throws -> Outcome {
        let identity = try request.identity()
        let query = try StreamQuery(request.http, now: request.now)
        if let sentence = impossible(query, request.rules) { throw QueryError(sentence: sentence) }
        let filter = try effectiveFilter(
            for: identity, requested: query.requested, participants: query.participants)
        if !query.presence.isEmpty { try checkPresence(query.presence, of: identity, request.rules) }
        if request.http.method == "HEAD" { return .answer(StreamHead.alone(query.format)) }
        let plan = StreamPlan(query: query, identity: identity, filter: filter)
        return query.format == .json ? .page(plan) : .stream(plan)
    }

    private static func checkPresence(
        _ rooms: [WireText], of identity: Identity, _ rules: Rules
    ) throws(PresenceRefusal) {
        try identity.checkPresence(in: rooms, rules)
        guard rooms.count <= rules.members.roomsPerStream else {
            throw PresenceRefusal(
                .tooManyPresenceRooms, "A stream may hold \(rules.members.roomsPerStream) rooms with presence=.")
        }
    }

    /// A filter that can never match is an error that would otherwise look like silence.
    private static func impossible(_ query: StreamQuery, _ rules: Rules) -> String? {
        let sources = rules.sources.keys
        for pattern in query.requested.sources.patterns
        where pattern != .any && !sources.contains(where: { pattern.matches($0) }) {
            return "No source has a name that source= asks for\(Quotable.text(pattern.text))."
        }
        for pattern in query.requested.types.patterns where pattern.isExact {
            guard EventType(checking: pattern.text) == nil else { continue }
            return
                "No event can have a type that type= asks for\(Quotable.text(pattern.text)): a type is letters, digits, _ . and -."
        }
        return nil
    }
}
