internal import Access
package import EventLoop
package import Events
package import Fanout
internal import FrontDoor
package import Journal
internal import Platform
internal import Telemetry
package import Wire

/// The API of one loop. It finds the route of each request, carries out the route's ``Outcome``, and keeps the requests
/// that wait for something. Only its loop's thread uses it.
package final class LoopAPI {
    private let shared: SharedState
    private let hub: Hub
    private let rooms: RoomSearches
    private let keyWaits: KeyWaits
    private let webhooks: PendingWebhooks
    private let publications: Publications
    private let gatherings: Gatherings
    private let openings: StreamOpenings
    private let streams: Streams
    private let pages: Pages
    private let diagnostics: DiagnosticStreams
    private let desk: StreamDesk
    /// `/healthz`, `/readyz` and `/metrics`, which are outside of the API's prefix.
    private let operating: RouteTable
    private var reconnectCost: ReconnectCost

    /// What the API of a loop needs from the relay's composition.
    package struct Parts {
        let shared: SharedState
        let loop: Loop
        let turns: any LoopTurns
        let hub: Hub
        /// The rooms that are open at the hub's head.
        let rooms: [RoomState]
        let writer: JournalWriter
        let reader: JournalReader
        /// Posts to this loop's mailbox.
        let port: any LoopPort
        /// The ports of all loops, in the loops' order.
        let loops: [any LoopPort]
        let operating: OperatingPages
        /// True if clients connect over TLS.
        let isSecure: Bool

        /// The parts; see the property of each name.
        package init(
            shared: SharedState, loop: Loop, turns: any LoopTurns, hub: Hub, rooms: [RoomState],
            writer: JournalWriter, reader: JournalReader, port: any LoopPort, loops: [any LoopPort],
            operating: OperatingPages, isSecure: Bool
        ) {
            self.shared = shared
            self.loop = loop
            self.turns = turns
            self.hub = hub
            self.rooms = rooms
            self.writer = writer
            self.reader = reader
            self.port = port
            self.loops = loops
            self.operating = operating
            self.isSecure = isSecure
        }
    }

    /// An API without requests.
    package init(_ parts: Parts) {
        let (shared, hub, port) = (parts.shared, parts.hub, parts.port)
        self.shared = shared
        self.hub = hub
        rooms = RoomSearches(parts.rooms, turns: parts.turns)
        keyWaits = KeyWaits(keys: shared.keys, port: port)
        webhooks = PendingWebhooks(shared: shared, writer: parts.writer, port: port)
        publications = Publications(shared: shared, writer: parts.writer, port: port, loops: parts.loops)
        gatherings = Gatherings(shared: shared, writer: parts.writer, port: port, loops: parts.loops)
        openings = StreamOpenings(hub: hub, rooms: rooms, reader: parts.reader, port: port)
        streams = Streams(shared: shared, hub: hub, rooms: rooms, port: port, turns: parts.turns)
        pages = Pages(shared: shared, hub: hub)
        diagnostics = DiagnosticStreams(shared: shared, hub: hub, loop: parts.loop)
        desk = StreamDesk(shared: shared, hub: hub, diagnostics: diagnostics, streams: streams)
        operating = RouteTable(OperatingRoutes.all(parts.operating))
        reconnectCost = ReconnectCost(isSecure: parts.isSecure)
    }

    /// The routes below the API's prefix. Webhooks are first, since most requests are webhooks.
    static let routes = RouteTable(
        WebhookRoute.routes + EventsRoute.routes + PublishRoute.routes + RoomsRoute.routes + TicketsRoute.routes
            + DiagnosticsRoute.routes + SchemaRoute.routes + RenewRoute.routes + RejectsRoute.routes
            + SourcesRoute.routes + AdminStreamRoutes.routes + RevocationRoutes.routes + CloseRoomRoute.routes
            + PresenceRoute.routes)

    private static let health = RouteTable([OperatingRoutes.health])

    // MARK: Requests

    /// Handles a request that arrived on an address for streams and webhooks (`listen`).
    package func receive(_ exchange: any HTTPExchange) {
        let http = begin(exchange)
        if Self.asksAboutTheRelay(http) {
            return exchange.reply(Self.answerAboutItself(http), holding: nil)
        }
        let rules = shared.rules
        guard let path = rules.path(of: http.path) else {
            // If metrics and readiness have an address of their own, only `/healthz` is served here.
            let table = rules.metricsHaveOwnAddress ? Self.health : operating
            return receive(exchange, http, rules, in: table, orElse: Self.hint(at: http.path, rules))
        }
        let match = Self.routes.match(path)
        let request = Request(
            exchange, http, path: path, audience: match?.audience ?? .pages, rules: rules, shared: shared,
            now: WallClock.now())
        if let match, match.audience == .servers { return serve(request, match) }
        request.noteUnlistedOrigin()
        if http.method == "OPTIONS", let match {
            return request.reply(CrossOrigin(rules: rules).preflight(http, methods: match.methods))
        }
        keyWaits.whenKeysAreKnown(for: request) { [unowned self] request in
            guard let match else { return request.reply(AssetRoute.answer(http, rules) ?? Self.nothingHere) }
            serve(request, match)
        }
    }

    /// Handles a request that arrived on the address for metrics and readiness (`metrics`).
    package func receiveOperating(_ exchange: any HTTPExchange) {
        let http = begin(exchange)
        receive(exchange, http, shared.rules, in: operating, orElse: nil)
    }

    private func begin(_ exchange: any HTTPExchange) -> HTTPRequest {
        // A connection that ends soon must not receive another request.
        exchange.closesConnection = shared.isDraining
        return exchange.request
    }

    /// Handles a request whose path is outside of the API's prefix.
    /// - Parameter hint: the sentence of a 404; nil on the address for metrics, which serves no pages.
    private func receive(
        _ exchange: any HTTPExchange, _ http: HTTPRequest, _ rules: Rules, in table: RouteTable, orElse hint: String?
    ) {
        let match = table.match(http.path[...])
        let request = Request(
            exchange, http, path: http.path[...], audience: match == nil && hint != nil ? .pages : .servers,
            rules: rules, shared: shared, now: WallClock.now())
        guard let match else {
            let asset = hint == nil ? nil : AssetRoute.answer(http, rules)
            return request.reply(asset ?? hint.map { Problem.notFound($0).response } ?? Self.nothingHere)
        }
        serve(request, match)
    }

    private func serve(_ request: Request, _ match: RouteTable.Match) {
        let stopwatch = Stopwatch()
        defer {
            if request.audience == .eventSources, request.http.method != "POST" {
                reconnectCost.opened(inMicroseconds: stopwatch.microseconds)
            }
        }
        guard let route = match.route(for: request.http.method) else {
            let allowed = match.methods.joined(separator: ", ")
            return request.reply(Problem.method(request.http.method, allowed: allowed).response)
        }
        do { act(on: try route.handle(request), request) } catch { request.refuse(error) }
    }

    private func act(on outcome: Outcome, _ request: Request) {
        switch outcome {
        case .answer(let response): request.reply(response)
        case .append(let draft, let source): webhooks.append(draft, of: source, for: request.exchange)
        case .appendAll(let drafts, let source): webhooks.append(drafts, of: source, for: request.exchange)
        case .publish(let draft): publications.append(draft, for: request)
        case .broadcast(let event): publications.broadcast(event, for: request)
        case .listRooms(let plan): plan.answer(request, rooms, hub)
        case .ask(let inquiry): gatherings.begin(inquiry, for: request)
        case .finishRoom(let plan): plan.begin(request, rooms, gatherings)
        case .stream(let plan): openings.open(plan, request) { [streams] in streams.begin($0) }
        case .page(let plan): openings.open(plan, request) { [pages] in pages.begin($0) }
        case .diagnose(let plan, let identity): diagnostics.begin(plan, of: identity, request)
        }
    }

    /// True for `*`, and for `OPTIONS /`, which is HAProxy's default health check.
    private static func asksAboutTheRelay(_ request: HTTPRequest) -> Bool {
        request.target == "*" || request.method == "OPTIONS" && request.target == "/"
    }

    /// `OPTIONS *` asks what the relay as a whole supports (RFC 9110, section 9.3.7). No other method takes `*`.
    private static func answerAboutItself(_ request: HTTPRequest) -> HTTPResponse {
        guard request.method == "OPTIONS" else {
            return Problem(400, "malformed_request", "Only OPTIONS can be asked of *.").response
        }
        var response = HTTPResponse(status: 204)
        response.headers = [("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS")]
        return response
    }

    private static let nothing = "There is nothing at this path."

    private static var nothingHere: HTTPResponse { Problem.notFound(nothing).response }

    /// The sentence of a 404. At the root, which people try first, it names the paths that exist.
    private static func hint(at path: [WireText], _ rules: Rules) -> String {
        guard path.allSatisfy(\.isEmpty) else { return nothing }
        let prefix = rules.pathPrefix
        return "This is roomwire. Events are at \(prefix)/events and open rooms at \(prefix)/rooms, both with a token; "
            + "webhooks go to \(prefix)/webhooks/{source}."
    }

    /// True if `target` is the webhook path of a source in the settings. Such a request may have a large body.
    package func isWebhook(target: [UInt8]) -> Bool {
        let rules = shared.rules
        guard let request = HTTPRequest(target: target, nameBytes: Limits.segmentBytes),
            let path = rules.path(of: request.path), let first = path.first
        else { return false }
        return path.count == 2 && first == "webhooks" && rules.sources[path[path.startIndex + 1]] != nil
    }

    // MARK: Mail

    /// Handles a message from the mailbox.
    package func handle(_ message: LoopMessage) {
        switch message {
        case .keysSettled(let id): keyWaits.settled(id)
        case .appended(let id, let outcome): webhooks.appended(id, outcome)
        case .published(let id, let outcome, let event): publications.appended(id, outcome, event)
        case .broadcast(let event):
            shared.broadcasts.end(event)
            hub.broadcast(event)
        case .cursor(let id, let cursor): openings.found(cursor, for: id)
        case .question(let question, let asker, let id):
            asker.post(.answer(desk.answer(question, now: WallClock.now()), request: id))
        case .answer(let part, let id): gatherings.add(part, to: id)
        case .replaced(let stream):
            guard let subscriber = hub.subscriber(id: stream) else { return }
            hub.close(subscriber, .replaced, retryMilliseconds: Limits.replacedRetryMilliseconds)
        }
    }

    /// Updates the rooms that a commit has changed; nil closes a room. Call this before the commit's events are
    /// published.
    package func roomsChanged(_ changes: [RoomKey: RoomState?]) {
        for (key, room) in changes { rooms.set(key, room) }
    }

    // MARK: Time

    /// Answers the requests that have waited long enough. Call this a few times a second.
    package func tick(now: SteadyTime) {
        pages.endThoseThatAreDue(now: now, looksForClients: true)
        gatherings.endThoseThatAreLate(now: now)
    }

    /// Answers the pages that have received what they wait for. Call this after each burst of messages.
    package func answerPages() { pages.endThoseThatAreDue(now: .now()) }

    /// True when ``runTurn(until:)`` has something to do.
    package var needsTurn: Bool { !rooms.isEmpty }

    /// Continues searches that take several turns, until `isOver` says that the turn's time is used up.
    package func runTurn(until isOver: () -> Bool) { rooms.run(until: isOver) }

    // MARK: Drain

    /// Ends the streams for diagnosis, because the relay stops. The hub ends the streams of events.
    package func beginDraining() { diagnostics.end() }

    /// True when no request waits for its answer. Pages are not counted: the hub ends them.
    package var isQuiet: Bool {
        keyWaits.isEmpty && webhooks.isEmpty && publications.isEmpty && openings.isEmpty && gatherings.isEmpty
            && rooms.isEmpty
    }

    /// The time in milliseconds over which the clients of `streams` streams should spread their reconnects; at most
    /// `most`.
    package func reconnectSpread(streams: Int, most: Int64) -> Int64 {
        reconnectCost.spreadMilliseconds(streams: streams, most: most)
    }

    /// Releases all requests and ends all streams, because the loop ends. libevent frees the requests itself.
    package func close() {
        diagnostics.end()
        keyWaits.removeAll()
        webhooks.removeAll()
        publications.removeAll()
        openings.removeAll()
        gatherings.removeAll()
        rooms.removeAll()
    }
}
