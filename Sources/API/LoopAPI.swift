internal import Access
package import EventLoop
package import Events
package import Fanout
internal import FrontDoor
package import Journal
internal import Platform
internal import Telemetry
package import Wire

/// The API of one loop: it finds the route of each request, does what the route says, and keeps what requests wait for.
/// It belongs to its loop's thread.
package final class LoopAPI {
    private let shared: SharedState
    private let hub: Hub
    private let rooms: RoomSearches
    private let keyWaits: KeyWaits
    private let webhooks: PendingWebhooks
    private let gatherings: Gatherings
    private let openings: StreamOpenings
    private let streams: Streams
    private let pages: Pages
    private let diagnostics: DiagnosticStreams
    private let desk: StreamDesk
    /// What is at the addresses of streams and webhooks, outside of the API's prefix.
    private let operating: RouteTable
    private var reconnectCost: ReconnectCost

    /// What the API of a loop is made of.
    package struct Parts {
        let shared: SharedState
        let loop: Loop
        let turns: any LoopTurns
        let hub: Hub
        /// The open rooms as of the hub's head.
        let rooms: [RoomState]
        let writer: JournalWriter
        let reader: JournalReader
        /// The way into this loop.
        let port: any LoopPort
        /// The ways into all loops, in their order.
        let loops: [any LoopPort]
        let operating: OperatingPages
        /// Whether clients come over TLS.
        let isSecure: Bool

        /// Parts of an API; each is explained at the property of its name.
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

    package init(_ parts: Parts) {
        let (shared, hub, port) = (parts.shared, parts.hub, parts.port)
        self.shared = shared
        self.hub = hub
        rooms = RoomSearches(parts.rooms, turns: parts.turns)
        keyWaits = KeyWaits(keys: shared.keys, port: port)
        webhooks = PendingWebhooks(shared: shared, writer: parts.writer, port: port)
        gatherings = Gatherings(shared: shared, writer: parts.writer, port: port, loops: parts.loops)
        openings = StreamOpenings(hub: hub, rooms: rooms, reader: parts.reader, port: port)
        streams = Streams(shared: shared, hub: hub, rooms: rooms, port: port, turns: parts.turns)
        pages = Pages(shared: shared, hub: hub)
        diagnostics = DiagnosticStreams(shared: shared, hub: hub, loop: parts.loop)
        desk = StreamDesk(shared: shared, hub: hub, diagnostics: diagnostics)
        operating = RouteTable(OperatingRoutes.all(parts.operating))
        reconnectCost = ReconnectCost(isSecure: parts.isSecure)
    }

    /// Everything below the API's prefix. Webhooks come first: they are most of the requests.
    static let routes = RouteTable(
        WebhookRoute.routes + EventsRoute.routes + RoomsRoute.routes + TicketsRoute.routes + DiagnosticsRoute.routes
            + SchemaRoute.routes + RenewRoute.routes + RejectsRoute.routes + SourcesRoute.routes
            + AdminStreamRoutes.routes + RevocationRoutes.routes + CloseRoomRoute.routes)

    private static let health = RouteTable([OperatingRoutes.health])

    // MARK: Requests

    /// A request on an address of streams and webhooks.
    package func receive(_ exchange: any HTTPExchange) {
        let http = begin(exchange)
        if Self.asksAboutTheRelay(http) {
            return exchange.reply(Self.answerAboutItself(http), holding: nil)
        }
        let rules = shared.rules
        guard let path = rules.path(of: http.path) else {
            // With an address of their own, metrics and readiness are nowhere else.
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

    /// A request on the address of metrics and readiness.
    package func receiveOperating(_ exchange: any HTTPExchange) {
        let http = begin(exchange)
        receive(exchange, http, shared.rules, in: operating, orElse: nil)
    }

    private func begin(_ exchange: any HTTPExchange) -> HTTPRequest {
        // The next request must not be tied to a connection that ends soon.
        exchange.closesConnection = shared.isDraining
        return exchange.request
    }

    /// A request that is outside of the API's prefix.
    /// - Parameter hint: what pages, too, are told where there is nothing; nil on an address that is not for them.
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
            if request.audience == .eventSources { reconnectCost.opened(inMicroseconds: stopwatch.microseconds) }
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
        case .listRooms(let plan): plan.answer(request, rooms, hub)
        case .ask(let inquiry): gatherings.begin(inquiry, for: request)
        case .finishRoom(let plan): plan.begin(request, rooms, gatherings)
        case .stream(let plan): openings.open(plan, request) { [streams] in streams.begin($0) }
        case .page(let plan): openings.open(plan, request) { [pages] in pages.begin($0) }
        case .diagnose(let plan, let identity): diagnostics.begin(plan, of: identity, request)
        }
    }

    /// True for `*`, and for `OPTIONS /`, with which HAProxy checks a server's health unless it is told otherwise.
    private static func asksAboutTheRelay(_ request: HTTPRequest) -> Bool {
        request.target == "*" || request.method == "OPTIONS" && request.target == "/"
    }

    /// `OPTIONS *` asks what the relay as a whole can do (RFC 9110, section 9.3.7); nothing else goes with `*`.
    private static func answerAboutItself(_ request: HTTPRequest) -> HTTPResponse {
        guard request.method == "OPTIONS" else {
            return Problem(400, "malformed_request", "Only OPTIONS can be asked of *.").response
        }
        var response = HTTPResponse(status: 204)
        response.headers = [("Allow", "GET, HEAD, POST, DELETE, OPTIONS")]
        return response
    }

    private static let nothing = "There is nothing at this path."

    private static var nothingHere: HTTPResponse { Problem.notFound(nothing).response }

    /// What to say at a path without anything: at the root, where people look first, what there is elsewhere.
    private static func hint(at path: [WireText], _ rules: Rules) -> String {
        guard path.allSatisfy(\.isEmpty) else { return nothing }
        let prefix = rules.pathPrefix
        return "This is roomwire. Events are at \(prefix)/events and open rooms at \(prefix)/rooms, both with a token; "
            + "webhooks go to \(prefix)/webhooks/{source}."
    }

    /// Whether webhooks of a source come to this target: their bodies may be large.
    package func isWebhook(target: [UInt8]) -> Bool {
        let rules = shared.rules
        guard let request = HTTPRequest(target: target, nameBytes: Limits.segmentBytes),
            let path = rules.path(of: request.path), let first = path.first
        else { return false }
        return path.count == 2 && first == "webhooks" && rules.sources[path[path.startIndex + 1]] != nil
    }

    // MARK: Mail

    /// What another thread tells.
    package func take(_ message: LoopMessage) {
        switch message {
        case .keysSettled(let id): keyWaits.settled(id)
        case .appended(let id, let outcome): webhooks.appended(id, outcome)
        case .cursor(let id, let cursor): openings.found(cursor, for: id)
        case .question(let question, let asker, let id):
            asker.post(.answer(desk.answer(question, now: WallClock.now()), request: id))
        case .answer(let part, let id): gatherings.add(part, to: id)
        case .replaced(let stream):
            guard let subscriber = hub.subscriber(id: stream) else { return }
            hub.close(subscriber, .replaced, retryMilliseconds: Limits.replacedRetryMilliseconds)
        }
    }

    /// A commit has changed rooms. To be called before its events are published.
    package func roomsChanged(_ changes: [RoomKey: RoomState?]) {
        for (key, room) in changes { rooms.set(key, room) }
    }

    // MARK: Time

    /// Answers the requests that have waited long enough. To be called a few times a second.
    package func tick(now: SteadyTime) {
        pages.endThoseThatAreDue(now: now, looksForClients: true)
        gatherings.endThoseThatAreLate(now: now)
    }

    /// Answers the pages that have received what they wait for. To be called after each burst of messages.
    package func answerPages() { pages.endThoseThatAreDue(now: .now()) }

    /// True when ``runTurn(until:)`` has something to do.
    package var needsTurn: Bool { !rooms.isEmpty }

    /// Goes on with what takes several turns.
    package func runTurn(until isOver: () -> Bool) { rooms.run(until: isOver) }

    // MARK: Drain

    /// The relay stops. Streams of events are the hub's to end.
    package func beginDraining() { diagnostics.end() }

    /// True when no request waits for its answer. Pages are the hub's to end.
    package var isQuiet: Bool {
        keyWaits.isEmpty && webhooks.isEmpty && openings.isEmpty && gatherings.isEmpty && rooms.isEmpty
    }

    /// Over how long clients of so many streams should spread their return.
    package func reconnectSpread(streams: Int, most: Int64) -> Int64 {
        reconnectCost.spreadMilliseconds(streams: streams, most: most)
    }

    /// Lets go of everything, before the loop's end: libevent frees the requests itself.
    package func close() {
        diagnostics.end()
        keyWaits.removeAll()
        webhooks.removeAll()
        openings.removeAll()
        gatherings.removeAll()
        rooms.removeAll()
    }
}
