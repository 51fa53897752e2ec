internal import Access
internal import EventLoop
internal import Events
internal import Fanout
internal import FrontDoor
internal import Journal
internal import Platform
internal import Telemetry
internal import Wire

// `GET /api/events`: from a request to a subscriber.
extension Worker {
    /// A stream that is authorised and not started yet.
    struct Opening {
        let query: StreamQuery
        let identity: Identity
        let filter: EventFilter
        let check: AccessCheck
    }

    func openStream(_ exchange: Exchange, _ check: AccessCheck, now: WallTime) {
        let stopwatch = Stopwatch()
        defer { reconnectCost.opened(inMicroseconds: stopwatch.microseconds) }
        let request = exchange.request
        guard request.method == "GET" || request.method == "HEAD" else {
            return reply(exchange, Problem.method(request.method, allowed: "GET, HEAD").response, check)
        }
        let opening: Opening
        do {
            let identity = try check.identity(request, now: now)
            let query = try StreamQuery(request, now: now)
            if let sentence = impossible(query) { throw StreamQuery.Mistake(sentence: sentence) }
            let filter = try effectiveFilter(
                for: identity, requested: query.requested, participants: query.participants)
            opening = Opening(query: query, identity: identity, filter: filter, check: check)
        } catch let refusal as AccessRefusal {
            return deny(exchange, refusal, check)
        } catch {
            let mistake = error as? StreamQuery.Mistake ?? StreamQuery.Mistake(sentence: "The query cannot be read.")
            return deny(exchange, mistake, check)
        }
        if request.method == "HEAD" { return reply(exchange, StreamHead.alone(opening.query.format), check) }
        lookUpStart(exchange, opening, now: now)
    }

    /// A filter that can never match is a mistake that would otherwise look like silence.
    private func impossible(_ query: StreamQuery) -> String? {
        let sources = context.rules.sources.keys
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

    /// `since=` and `tail=` are cursors that only the log knows.
    private func lookUpStart(_ exchange: Exchange, _ opening: Opening, now: WallTime) {
        switch opening.query.start {
        case .live where opening.query.wantsSnapshot: findSnapshot(exchange, opening)
        case .live: start(exchange, opening, .live, now: now)
        case .lastEventID("0"): start(exchange, opening, .oldest, now: now)
        case .lastEventID(let text):
            start(exchange, opening, EventID(text).map { .after($0) } ?? .malformed, now: now)
        case .since(let time):
            find(exchange, opening) { try $0.cursor(since: time) }
        case .tail(let count):
            find(exchange, opening) { try $0.cursor(beforeLast: count) }
        }
    }

    /// The rooms of a snapshot are those at the head at which the stream begins.
    private func findSnapshot(_ exchange: Exchange, _ opening: Opening) {
        // Until the stream is counted the search counts, as a list of rooms does.
        let served = served(to: opening.identity)
        guard served.begin() else { return refuse(exchange, opening, .answers) }
        find(RoomSearch(rooms, filter: opening.filter)) { [unowned self] found in
            withExtendedLifetime(served) {
                guard let now = checkAgain(exchange, opening) else { return }
                start(exchange, opening, .trusted(hub.head), snapshot: found, now: now)
            }
        }
    }

    /// Answers a client that was revoked while its request waited: it has no stream yet that could have been ended.
    /// - Returns: the time; nil if the request has its answer.
    private func checkAgain(_ exchange: Exchange, _ opening: Opening) -> WallTime? {
        let now = WallClock.now()
        do throws(AccessRefusal) { try context.revocations.check(opening.identity, now: now) } catch {
            deny(exchange, error, opening.check)
            return nil
        }
        return now
    }

    private func find(
        _ exchange: Exchange, _ opening: Opening, _ look: @escaping @Sendable (any LogHome) throws -> EventID
    ) {
        let id = keep(exchange) { [unowned self] cursor in
            guard let cursor else { return refuse(exchange, opening, .busy) }
            guard let now = checkAgain(exchange, opening) else { return }
            // What was committed since is after the cursor, and comes by itself.
            start(exchange, opening, .trusted(min(cursor, hub.head)), now: now)
        }
        let mailbox = mailbox
        let isTaken = reader.read("cursor", look) { mailbox.post(.cursor(exchange: id, try? $0.get())) }
        if !isTaken { mailbox.post(.cursor(exchange: id, nil)) }
    }

    private func start(
        _ exchange: Exchange, _ opening: Opening, _ start: Subscription.Start, snapshot: [RoomEntry]? = nil,
        now: WallTime
    ) {
        let principal = opening.identity.principal
        let address = exchange.request.remoteAddress
        if context.turnsAway { return refuse(exchange, opening, .draining) }
        let served = opening.query.format == .json ? served(to: opening.identity) : nil
        // A poll that waits counts as a stream until it is answered, and as an answer from then on.
        let waits = opening.query.waitMilliseconds ?? 0 > 0
        if let served, !(waits ? served.isAdmitted : served.begin()) { return refuse(exchange, opening, .answers) }
        if served == nil || waits, let refusal = admit(principal, address: address, now: now) {
            return refuse(exchange, opening, refusal)
        }
        if let served { return answerPage(exchange, opening, start, served) }
        guard let socket = exchange.takeOver() else {
            return context.release(principal, address: address)
        }
        context.requests.opened(LoggedRequest(exchange), stream: hub.nextStreamID)
        let query = opening.query
        var subscription = Subscription(principal: principal, filter: opening.filter, start: start)
        subscription.isAddressable = opening.identity.isAddressable
        subscription.format = StreamFormat(
            encoding: query.format == .sse ? .sse : .ndjson, isNamed: query.isNamed,
            showsRaw: opening.identity.grant.raw, isChunked: !exchange.request.isHTTP10)
        subscription.expiresAt = opening.identity.expiresAt
        subscription.mark = opening.identity.mark
        subscription.limitEvents = query.limitEvents
        subscription.endsWhenCaughtUp = query.waitMilliseconds == 0
        subscription.heartbeatIsEvent = query.heartbeatIsEvent
        subscription.preamble = StreamHead.bytes(
            query.format, isChunked: subscription.format.isChunked, opening.check.corsHeaders(exchange.request))
        if let snapshot {
            subscription.opening = ControlMessage.snapshot(
                RoomsRoute.list(snapshot) { rooms.json(of: $0) },
                at: hub.place(for: opening.filter, of: subscription.audienceName), format: subscription.format)
        }
        let link = StreamLink(socket, address: address, worker: self)
        // Before the client can know that it has a stream, and open the next.
        context.order?.add(
            StreamOrder.Entry(stream: hub.nextStreamID, address: address, mailbox: mailbox), of: principal)
        link.subscriber = hub.subscribe(subscription, outlet: link)
    }

    /// One page as JSON: what there is, or with `wait=` the first that comes.
    private func answerPage(
        _ exchange: Exchange, _ opening: Opening, _ start: Subscription.Start, _ served: ServedAnswer
    ) {
        let waits = Int64(opening.query.waitMilliseconds ?? 0)
        // A page that does not wait for events may still wait for the log, but not for ever.
        let patience = waits > 0 ? waits : Int64(Limits.requestSeconds) * 1000
        let poll = PagePoll(
            exchange, deadline: SteadyTime.now() + patience,
            countedAddress: waits > 0 ? exchange.request.remoteAddress : nil, served: served
        ) { [unowned self] poll in
            // Nil only if the hub ended it while it was being made: then it is answered below.
            guard let subscriber = poll.subscriber else { return }
            finish(poll, subscriber, opening)
        }
        var subscription = Subscription(
            principal: opening.identity.principal, filter: opening.filter,
            format: StreamFormat(encoding: .ndjson, showsRaw: opening.identity.grant.raw), start: start)
        subscription.isAddressable = opening.identity.isAddressable
        subscription.limitEvents = min(opening.query.limitEvents ?? Limits.pageEvents, Limits.pageEvents)
        subscription.limitBytes = Limits.pageBytes
        subscription.expiresAt = opening.identity.expiresAt
        subscription.mark = opening.identity.mark
        subscription.endsWhenCaughtUp = waits == 0
        let subscriber = hub.subscribe(subscription, outlet: poll)
        poll.subscriber = subscriber
        if subscriber.hasEnded { return finish(poll, subscriber, opening) }
        wait(poll)
    }

    private func finish(_ poll: PagePoll, _ subscriber: Subscriber, _ opening: Opening) {
        if poll.isRefused { return refuse(poll.exchange, opening, .unsent) }
        poll.served.beginInAnyCase()
        let hasMore = subscriber.cursor < hub.head
        let response = poll.response(cursor: hub.pagePlace(of: subscriber), hasMore: hasMore)
        reply(poll.exchange, response, opening.check, served: poll.served)
    }

    /// Counts the stream in, or says why not. With `over_cap: oldest` the user's oldest stream makes room.
    func admit(_ principal: Principal, address: String, now: WallTime) -> StreamRefusal? {
        let decision = context.admit(principal, address: address, now: now)
        guard case .refused(let reason, let seconds) = decision else { return nil }
        if reason == .perUser, let oldest = context.order?.takeOldest(of: principal) {
            context.release(principal, address: oldest.address)
            oldest.mailbox.post(.replaced(stream: oldest.stream))
            return admit(principal, address: address, now: now)
        }
        return .cap(reason, retryAfterSeconds: seconds)
    }
}
