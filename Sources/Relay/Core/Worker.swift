internal import Access
internal import EventLoop
internal import Events
internal import Fanout
internal import FrontDoor
internal import Journal

/// One loop of the relay with all that belongs to its thread: a door, a hub, and the rooms as of the hub's head.
final class Worker {
    let context: RelayContext
    let loop: Loop
    let hub: Hub
    let writer: JournalWriter
    let reader: JournalReader
    let mailbox: Mailbox<WorkerCommand>
    /// The mailboxes of all loops, in their order, this one's among them.
    let peers: [Mailbox<WorkerCommand>]
    private let index: Int
    private(set) var rooms: [RoomKey: RoomState]
    private var door: Door?
    /// The door for the addresses over TLS, if there are any.
    private var secureDoor: Door?
    private var mail: MailboxReader?
    private var ticker: LoopTimer?
    private var turns: LoopTimer?
    private var isTurnSet = false
    /// Requests whose answer waits for another thread.
    private var waiting: [UInt64: WaitingExchange] = [:]
    private var nextExchange: UInt64 = 1
    /// Requests that wait for what several loops know.
    var gatherings: [UInt64: Gathering] = [:]
    private var drain: Drain?
    private let pulse: LoopPulse
    /// When the ticker is due, by the steady clock.
    private var tickDue: Int64
    private var census = Census()
    private var censusDue: Int64 = 0
    private var latency = Histogram(bounds: Histogram.latencyBoundsSeconds)
    /// Streams of marked frames; see ``DiagnosticStream``.
    var diagnostics: [ObjectIdentifier: DiagnosticStream] = [:]
    /// Pages that are not answered yet.
    private var polls: [PagePoll] = []

    /// What a waiting request wants.
    struct WaitingExchange {
        let exchange: Exchange
        /// For a stream: how it goes on with the cursor that was looked up.
        let start: ((EventID?) -> Void)?
    }

    init(_ plan: WorkerPlan, loop: Loop) throws {
        context = plan.context
        writer = plan.writer
        reader = plan.reader
        mailbox = plan.peers[plan.index]
        peers = plan.peers
        index = plan.index
        pulse = plan.context.health.pulses[plan.index]
        tickDue = System.steadyMilliseconds() + Self.tickMilliseconds
        self.loop = loop
        rooms = Dictionary(uniqueKeysWithValues: plan.rooms.map { ($0.key, $0) })
        hub = Hub(
            settings: HubSettings(plan.context.settings.streams), extent: plan.extent, index: plan.index,
            of: plan.count, now: System.steadyMilliseconds(),
            wallNow: System.wallMilliseconds())
        hub.onEnd = { [unowned self] in release($0, because: $1) }
        hub.readPage = { [unowned self] in readPage(after: $0) }
        mail = mailbox.attach(
            to: loop, limit: Limits.mailboxCommands, handle: { [unowned self] in take($0) },
            endOfTurn: { [unowned self] in
                endPolls()
                scheduleTurn()
            })
        ticker = LoopTimer(on: loop) { [unowned self] in tick() }
        turns = LoopTimer(on: loop) { [unowned self] in runTurn() }
        ticker?.set(afterMilliseconds: Self.tickMilliseconds)
    }

    static let tickMilliseconds: Int64 = 250

    /// Accepts connections on this address.
    func listen(on listener: Listener, isSecure: Bool) throws {
        if isSecure {
            secureDoor = try secureDoor ?? makeDoor(context.tls)
            secureDoor?.listen(on: listener)
        } else {
            door = try door ?? makeDoor(nil)
            door?.listen(on: listener)
        }
    }

    private var doors: [Door] { [door, secureDoor].compactMap { $0 } }

    private func makeDoor(_ tls: TLSTermination?) throws -> Door {
        let limits = DoorLimits(
            headerBytes: Limits.requestHeaderBytes, bodyBytes: Limits.webhookBodyBytes,
            requestSeconds: Limits.requestSeconds, idleSeconds: Limits.keepAliveSeconds,
            handshakeSeconds: Limits.handshakeSeconds)
        let requests = context.requests
        let door = try Door(
            on: loop, limits: limits, tls: tls, refused: { [unowned self] in refused($0) },
            answered: { requests.answered($0, $1) },
            clientAddress: { [unowned self] peer, headers in
                context.rules.proxies.client(peer: peer, headers: headers)
            },
            handler: { [unowned self] in turn { [unowned self] in self.route($0) }($0) })
        door.handshakeHasEnded = { [context] in context.count($0) }
        door.acceptHasFailed = { [context] in context.acceptHasFailed($0) }
        return door
    }

    // MARK: Time

    func setTime() {
        hub.setTime(steady: System.steadyMilliseconds(), wall: System.wallMilliseconds())
    }

    private func tick() {
        setTime()
        hub.tick()
        endPolls { $0.exchange.hasEnded }
        endLateGatherings()
        if drain != nil { goOnDraining() }
        let now = System.steadyMilliseconds()
        pulse.turned(now: now, lateMilliseconds: max(0, now - tickDue))
        context.metrics.read(reading(now: now), loop: index)
        let interval = drain == nil ? Self.tickMilliseconds : Drain.stepMilliseconds
        tickDue = now + interval
        ticker?.set(afterMilliseconds: interval)
        scheduleTurn()
    }

    private func reading(now: Int64) -> HubReading {
        if hub.isAllLive || now >= censusDue {
            census = hub.census()
            censusDue = now + 1000
        }
        return HubReading(census: census, counters: hub.counters, latency: latency)
    }

    /// Measured once an event, not once a delivery.
    private func publish(_ commit: Commit) {
        let before = hub.counters.deliveries
        hub.publish(commit.events, extent: commit.extent)
        guard hub.counters.deliveries > before else { return }
        let now = System.wallMilliseconds()
        for logged in commit.events { latency.record(Double(now - logged.event.receivedAt) / 1000) }
    }

    /// Wraps whatever libevent calls: the hub knows the time before, and gets its turn after.
    private func turn<Argument>(_ body: @escaping (Argument) -> Void) -> (Argument) -> Void {
        { [unowned self] argument in
            setTime()
            body(argument)
            scheduleTurn()
        }
    }

    /// Has the loop come back for subscribers that are behind once it has looked at its sockets.
    private func scheduleTurn() {
        guard hub.needsTurn, !isTurnSet else { return }
        isTurnSet = true
        turns?.set(afterMilliseconds: 0)
    }

    private func runTurn() {
        isTurnSet = false
        setTime()
        hub.runTurn()
        scheduleTurn()
    }

    // MARK: Mail

    private func take(_ command: WorkerCommand) {
        setTime()
        switch command {
        case .committed(let commit):
            for (key, room) in commit.rooms { rooms[key] = room }
            publish(commit)
        case .keysSettled(let id): waiting.removeValue(forKey: id)?.start?(nil)
        case .appended(let id, let source, let outcome):
            guard let waiting = waiting.removeValue(forKey: id) else { return }
            waiting.exchange.reply(
                WebhookRoute(context: context, writer: writer).response(for: outcome, source: source))
        case .page(let page, let cursor): hub.pageArrived(page, after: cursor)
        case .cursor(let id, let cursor): waiting.removeValue(forKey: id)?.start?(cursor)
        case .canary(let signedAt): pulse.sawCanary(signedAt: signedAt)
        case .settings(let settings): hub.settings = settings
        case .checkIn: pulse.answered(now: System.steadyMilliseconds())
        case .question(let question, let asker, let exchange):
            asker.post(.answer(answer(question), exchange: exchange))
        case .answer(let part, let exchange): take(part, of: exchange)
        case .replaced(let stream):
            guard let subscriber = hub.subscriber(id: stream) else { return }
            hub.close(subscriber, .replaced, retryMilliseconds: Limits.replacedRetryMilliseconds)
        case .drain(let milliseconds):
            // Connections are still accepted, and told 503 and when to come back: one that waited in the listener's
            // queue would only hear a reset in the end. Unless the queue outlives this process: then the next one
            // takes it over.
            if context.keepsQueue { doors.forEach { $0.accept(false) } }
            for diagnostic in diagnostics.values { diagnostic.end() }
            drain = Drain(milliseconds: milliseconds, count: hub.count)
            tick()
        case .stop: loop.stop()
        }
    }

    /// Ends the loop when every stream has had its goodbye, every webhook its answer, and the last of them a turn of
    /// the loop to be written.
    private func goOnDraining() {
        guard var drain, !drain.step(hub) else { return }
        let isAnswered = waiting.isEmpty && gatherings.isEmpty
        // Where others take the listeners over, nobody new comes here, and who came is served to the end.
        let isQuiet = isAnswered && (!context.keepsQueue || !doors.contains { $0.hasRequestsUnderWay })
        guard drain.hasSaidGoodbye && isQuiet || drain.isLate else {
            drain.hasSaidGoodbye = isQuiet
            self.drain = drain
            return
        }
        self.drain = nil
        loop.stop()
    }

    private func readPage(after cursor: EventID) {
        let mailbox = mailbox
        let isTaken = reader.page(after: cursor) { mailbox.post(.page(try? $0.get(), after: cursor)) }
        // Not at once: the hub is in the middle of its work.
        if !isTaken { mailbox.post(.page(nil, after: cursor)) }
    }

    // MARK: Requests that wait

    /// Keeps a request until another thread has its answer.
    func keep(_ exchange: Exchange, start: ((EventID?) -> Void)? = nil) -> UInt64 {
        let id = nextNumber()
        waiting[id] = WaitingExchange(exchange: exchange, start: start)
        return id
    }

    /// A number for a request that waits.
    func nextNumber() -> UInt64 {
        defer { nextExchange += 1 }
        return nextExchange
    }

    /// The loop on which a stream of this number would be: numbers go round.
    func owner(of stream: UInt64) -> Mailbox<WorkerCommand>? {
        stream > 0 ? peers[Int((stream - 1) % UInt64(peers.count))] : nil
    }

    func answerKept(_ id: UInt64, _ response: HTTPResponse) {
        waiting.removeValue(forKey: id)?.exchange.reply(response)
    }

    // MARK: Streams

    func hasRoom(_ subscriber: Subscriber) {
        setTime()
        hub.outletHasRoom(subscriber)
        scheduleTurn()
    }

    func hasLeft(_ subscriber: Subscriber, because reason: StreamSocket.End) {
        setTime()
        hub.end(subscriber, reason == .strayInput ? .strayInput : .clientClosed)
    }

    /// Has a poll answered as soon as it holds something, or has waited long enough.
    func wait(_ poll: PagePoll) {
        polls.append(poll)
    }

    private func endPolls(or condition: (PagePoll) -> Bool = { _ in false }) {
        guard !polls.isEmpty else { return }
        let now = System.steadyMilliseconds()
        for poll in polls where now >= poll.deadline || poll.findsWhatItWaitsFor() || condition(poll) {
            if let subscriber = poll.subscriber { hub.end(subscriber, .caughtUp) }
        }
    }

    private func release(_ subscriber: Subscriber, because reason: StreamEnd) {
        if let poll = subscriber.outlet as? PagePoll {
            polls.removeAll { $0 === poll }
            guard let address = poll.countedAddress else { return }
            return context.release(user: subscriber.user, address: address)
        }
        guard let link = subscriber.outlet as? StreamLink else { return }
        context.requests.ended(
            RequestLog.End(
                stream: subscriber.id, user: subscriber.user, address: link.address, reason: reason.rawValue,
                milliseconds: System.steadyMilliseconds() - link.openedAt, events: subscriber.sentEvents,
                bytes: subscriber.sentBytes))
        // Whoever replaced it has released it then.
        guard context.order?.remove(subscriber.id, of: subscriber.user) ?? true else { return }
        context.release(user: subscriber.user, address: link.address)
    }

    private func refused(_ refusal: DoorRefusal) {
        context.metrics.countRefused(status: refusal.status)
        context.requestLog.warning(
            "refused a request: \(refusal.status): \(refusal.problem)", now: System.wallMilliseconds())
    }

    /// Before the loop's end: libevent frees the requests itself.
    func close() {
        mailbox.close()
        _ = hub.drain(upTo: .max, spreadMilliseconds: 0)
        for diagnostic in diagnostics.values { diagnostic.end() }
        door = nil
        secureDoor = nil
        waiting.removeAll()
        gatherings.removeAll()
    }
}

/// What a worker is made of, handed to its thread.
struct WorkerPlan: Sendable {
    let context: RelayContext
    let writer: JournalWriter
    let reader: JournalReader
    /// The mailboxes of all loops; this one's is that at `index`.
    let peers: [Mailbox<WorkerCommand>]
    let index: Int
    let count: Int
    let extent: LogExtent
    let rooms: [RoomState]
}

/// Ends a loop's streams over a time, in steps, so that their clients do not all come back at once.
struct Drain {
    static let stepMilliseconds: Int64 = 100
    private let perStep: Int
    private let spreadMilliseconds: Int64
    private let deadline: Int64
    /// No stream was left in the step before.
    var hasSaidGoodbye = false

    init(milliseconds: Int64, count: Int) {
        let steps = max(1, milliseconds / Self.stepMilliseconds - 1)
        perStep = max(1, Int((Int64(count) + steps - 1) / steps))
        spreadMilliseconds = milliseconds
        deadline = System.steadyMilliseconds() + milliseconds
    }

    /// True when the time is over, whoever is left.
    var isLate: Bool { System.steadyMilliseconds() >= deadline }

    /// Ends some streams; false when none is left or the time is over.
    func step(_ hub: Hub) -> Bool {
        hub.drain(upTo: perStep, spreadMilliseconds: spreadMilliseconds) > 0 && !isLate
    }
}
