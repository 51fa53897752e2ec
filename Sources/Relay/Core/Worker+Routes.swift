internal import Access
internal import EventLoop
internal import Events
internal import Fanout
internal import FrontDoor
internal import Journal
internal import Platform
internal import Telemetry

// Which path goes where.
extension Worker {
    func route(_ exchange: Exchange, hasWaitedForKeys: Bool = false) {
        let request = exchange.request
        // The next request must not be tied to a connection that ends soon.
        exchange.closesConnection = context.isDraining.withLock { $0 }
        if Self.asksAboutTheRelay(request) { return exchange.reply(Self.answerAboutItself(request)) }
        let check = AccessCheck(context: context, exchange: exchange)
        let now = WallClock.now()
        guard let path = apiPath(request) else {
            return routeOutside(exchange, check)
        }
        if path.first == "webhooks", path.count == 2 { return ingest(exchange, source: path[1], now: now) }
        noteStranger(exchange)
        if request.method == "OPTIONS", let methods = Self.methods(at: path) {
            return reply(exchange, CrossOrigin(rules: context.rules).preflight(request, methods: methods), check)
        }
        if waitsForKeys(exchange, check, hasWaited: hasWaitedForKeys, now: now) { return }
        switch (path.first, path.count) {
        case ("events", 1): openStream(exchange, check, now: now)
        case ("rooms", 1), ("rooms", 2):
            answerRooms(exchange, name: path.count == 2 ? path[1] : nil, check, now: now)
        case ("tickets", 1): reply(exchange, ticket(request, check, now: now), check)
        case ("diag", 2) where path[1] == "stream": diagnose(exchange, check, now: now)
        case ("schema", 2): reply(exchange, SchemaRoute.answer(request, document: path[1]), check)
        case ("streams", 3) where path[2] == "renew": renewStream(exchange, id: path[1], check, now: now)
        case ("admin", _): administer(exchange, path.dropFirst(), check, now: now)
        default: reply(exchange, PageRoute.answer(request, context.settings) ?? Self.nothingHere, check)
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

    /// What pages of other origins may ask for at a path; nil where there is nothing. A browser that asks about an
    /// unknown path hears 404, as it would without asking.
    private static func methods(at path: [WireText]) -> [String]? {
        switch (path.first, path.count) {
        case ("events", 1): ["GET", "HEAD"]
        case ("diag", 2) where path[1] == "stream": ["GET", "HEAD"]
        case ("rooms", 1), ("rooms", 2), ("schema", 2): ["GET", "HEAD"]
        case ("tickets", 1): ["POST"]
        case ("streams", 3) where path[2] == "renew": ["POST"]
        case ("admin", _): AdminRoute(path.dropFirst())?.methods
        default: nil
        }
    }

    /// What to say at a path without anything: at the root, where people look first, what there is elsewhere.
    private func hint(at path: [WireText]) -> String {
        guard path.allSatisfy(\.isEmpty) else { return "There is nothing at this path." }
        let prefix = context.settings.pathPrefix
        return "This is roomwire. Events are at \(prefix)/events and open rooms at \(prefix)/rooms, both with a token; "
            + "webhooks go to \(prefix)/webhooks/{source}."
    }

    /// The segments after the prefix; nil for what is elsewhere.
    func apiPath(_ request: HTTPRequest) -> [WireText]? {
        let prefix = context.rules.pathPrefix
        guard request.path.starts(with: prefix), request.path.count > prefix.count else { return nil }
        return Array(request.path.dropFirst(prefix.count))
    }

    /// What is on the metrics' address.
    func routeOperating(_ exchange: Exchange) {
        exchange.closesConnection = context.isDraining.withLock { $0 }
        replyCounted(exchange, operating(exchange.request) ?? Self.nothingHere)
    }

    /// What is outside the API's prefix, on the addresses of streams and webhooks.
    private func routeOutside(_ exchange: Exchange, _ check: AccessCheck) {
        let request = exchange.request
        // With an address of their own, metrics and readiness are nowhere else.
        let isHere = context.settings.metrics == nil || request.path.first == "healthz"
        if isHere, let response = operating(request) { return replyCounted(exchange, response) }
        let page = PageRoute.answer(request, context.settings)
        reply(exchange, page ?? Problem.notFound(hint(at: request.path)).response, check)
    }

    private static var nothingHere: HTTPResponse { Problem.notFound("There is nothing at this path.").response }

    private func operating(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.path.count == 1 else { return nil }
        switch request.path[0] {
        case "healthz", "readyz", "metrics":
            guard request.method == "GET" || request.method == "HEAD" else {
                return Problem.method(request.method, allowed: "GET, HEAD").response
            }
        default: return nil
        }
        if request.path[0] == "healthz" {
            return HTTPResponse(status: 200, body: Array("ok\n".utf8))
        }
        let steady = SteadyTime.now()
        let damage = context.damage.withLock { $0 }
        var report = context.health.report(
            isDraining: context.isDraining.withLock { $0 }, sources: context.rules.sources.count, now: steady)
        report.damage = damage.summary
        if request.path[0] == "readyz" {
            var response = HTTPResponse.json(report.isReady ? 200 : 503) { report.write(to: &$0) }
            if !report.isReady { response.headers.append(("Retry-After", "1")) }
            return response
        }
        let readings = PageReadings(
            journal: JournalReading(counters: writer.counters, damage: damage), process: context.health.process,
            loopLags: context.health.loopLags(now: steady), isReady: report.isReady,
            streamsLimit: context.caps.withLock { $0.settings.total }, log: context.output.writer.counters)
        let format = MetricsFormat(accept: request.header("accept"))
        var response = HTTPResponse(
            status: 200, contentType: format.contentType, body: context.metrics.page(readings, format: format))
        response.headers.append(("Vary", "Accept"))
        return response
    }

    private func ingest(_ exchange: Exchange, source: WireText, now: WallTime) {
        let route = WebhookRoute(context: context, writer: writer)
        switch route.receive(exchange.request, source: source, now: now) {
        case .answer(let response): exchange.reply(response)
        case .append(let draft, let source):
            context.metrics.delay(source: source, milliseconds: draft.event.receivedAt - draft.event.timestamp)
            let id = keep(exchange)
            let mailbox = mailbox
            let isTaken = writer.submit(draft) { mailbox.post(.appended(exchange: id, source: source, $0)) }
            if !isTaken {
                waiting.take(id)?.exchange.reply(
                    route.unavailable("overloaded", "Too many webhooks wait for the log.", source: source))
            }
        case .appendAll(let drafts, let source):
            let id = keep(exchange)
            if !submit(drafts, of: id, source: source) {
                waiting.take(id)?.exchange.reply(
                    route.unavailable("overloaded", "Too many webhooks wait for the log.", source: source))
            }
        }
    }

    /// Submits the drafts of one webhook one after another; the last one's completion brings the answer. False if the
    /// log does not take them all: the sender should try again, and may then tell of the first ones twice.
    private func submit(_ drafts: [Draft], of id: UInt64, source: String) -> Bool {
        let mailbox = mailbox
        let failure = Locked<AppendOutcome?>(nil)
        for draft in drafts.dropLast() {
            let isTaken = writer.submit(draft) { outcome in
                if case .failed = outcome { failure.withLock { $0 = $0 ?? outcome } }
            }
            guard isTaken else { return false }
        }
        guard let last = drafts.last else { return false }
        context.metrics.delay(source: source, milliseconds: last.event.receivedAt - last.event.timestamp)
        // The writer completes drafts in the order in which they were submitted.
        return writer.submit(last) { outcome in
            mailbox.post(.appended(exchange: id, source: source, failure.withLock { $0 } ?? outcome))
        }
    }

    private func ticket(_ request: HTTPRequest, _ check: AccessCheck, now: WallTime) -> HTTPResponse {
        guard request.method == "POST" else { return Problem.method(request.method, allowed: "POST").response }
        let identity: Identity
        do { identity = try check.identity(request, takesTicket: false, now: now) } catch {
            return check.problem(error, for: request).response
        }
        guard let ticket = context.tickets.withLock({ $0.issue(identity, now: now) }) else {
            var problem = Problem(429, "too_many_tickets", "Too many tickets wait to be used.")
            problem.retryAfterSeconds = Limits.ticketSeconds
            return problem.response
        }
        return .json(201) { writer in
            writer.object { writer in
                writer.member("ticket", ticket)
                writer.member("expiresAt", time: now + Int64(Limits.ticketSeconds) * 1000)
            }
        }
    }
}
