internal import EventLoop
internal import Events
internal import Fanout
internal import FrontDoor
internal import Journal
internal import Platform

/// One loop of the relay with all that belongs to its thread: doors, a hub, and the rooms as of the hub's head.
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
    var rooms: RoomTable
    /// Searches for rooms that go on in the loop's turns.
    var searches: [WaitingSearch] = []
    private var doors = Doors()
    private var mail: CounterReader?
    private var ticker: LoopTimer?
    private var turns: LoopTimer?
    private var isTurnSet = false
    /// When the turn under way ends.
    private var turnEnd = SteadyTime.distantFuture
    /// Requests whose answer waits for another thread.
    var waiting = WaitingRequests()
    /// Requests that wait for what several loops know.
    var gatherings: [UInt64: Gathering] = [:]
    private var drain: Drain?
    var reconnectCost: ReconnectCost
    private let pulse: LoopPulse
    /// When the ticker is due.
    private var tickDue: SteadyTime
    private var meter = HubMeter()
    /// Streams of marked frames; see ``DiagnosticStream``.
    var diagnostics: [ObjectIdentifier: DiagnosticStream] = [:]
    /// Pages that are not answered yet.
    var polls: [PagePoll] = []

    init(_ plan: WorkerPlan, loop: Loop) throws {
        context = plan.context
        writer = plan.writer
        reader = plan.reader
        mailbox = plan.peers[plan.index]
        peers = plan.peers
        index = plan.index
        reconnectCost = ReconnectCost(isSecure: plan.context.tls != nil)
        pulse = plan.context.health.pulses[plan.index]
        tickDue = SteadyTime.now() + Self.tickMilliseconds
        self.loop = loop
        rooms = RoomTable(plan.rooms)
        hub = Hub(
            settings: HubSettings(plan.context.settings.streams), extent: plan.extent, index: plan.index,
            of: plan.count, now: SteadyTime.now(),
            wallNow: WallClock.now())
        hub.onEnd = { [unowned self] in release($0, because: $1) }
        hub.writeDirectly = { OutletResult(System.write($0, $1)) }
        hub.readPage = { [unowned self] in readPage(after: $0) }
        hub.turnIsOver = { [unowned self] in turnIsOver }
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
    func listen(on listener: Listener, _ plan: ListenPlan) throws {
        if plan.isForMetrics {
            return try doors.listenForMetrics(on: listener) { try makeDoor(nil) { $0.routeOperating($1) } }
        }
        try doors.listen(on: listener, isSecure: plan.isSecure) {
            try makeDoor(plan.isSecure ? context.tls : nil) { $0.route($1) }
        }
    }

    // MARK: Time

    func setTime() {
        hub.setTime(steady: SteadyTime.now(), wall: WallClock.now())
    }

    private func tick() {
        setTime()
        hub.tick()
        endPolls { $0.exchange.hasEnded }
        endLateGatherings()
        if drain != nil { goOnDraining() }
        let now = SteadyTime.now()
        pulse.turned(now: now, lateMilliseconds: max(0, now - tickDue))
        context.metrics.read(meter.reading(of: hub, now: now), loop: index)
        let interval = drain == nil ? Self.tickMilliseconds : Drain.stepMilliseconds
        tickDue = now + interval
        ticker?.set(afterMilliseconds: interval)
        scheduleTurn()
    }

    /// Wraps whatever libevent calls: the hub knows the time before, and gets its turn after.
    func turn<Argument>(_ body: @escaping (Argument) -> Void) -> (Argument) -> Void {
        { [unowned self] argument in
            setTime()
            body(argument)
            scheduleTurn()
        }
    }

    /// Has the loop come back for subscribers that are behind once it has looked at its sockets.
    func scheduleTurn() {
        guard hub.needsTurn || !searches.isEmpty, !isTurnSet else { return }
        isTurnSet = true
        turns?.set(afterMilliseconds: 0)
    }

    private func runTurn() {
        isTurnSet = false
        setTime()
        turnEnd = SteadyTime.now() + Limits.turnMilliseconds
        hub.runTurn()
        turnEnd = SteadyTime.now() + Limits.turnMilliseconds
        runSearches { turnIsOver }
        scheduleTurn()
    }

    /// Whether what goes on in turns has had its time, and the loop should look at its sockets again.
    private var turnIsOver: Bool { SteadyTime.now() >= turnEnd }

    // MARK: Mail

    private func take(_ command: WorkerCommand) {
        setTime()
        switch command {
        case .committed(let commit):
            for (key, room) in commit.rooms { rooms.set(key, room) }
            publish(commit)
        case .keysSettled(let id): waiting.take(id)?.start?(nil)
        case .appended(let id, let source, let outcome):
            guard let request = waiting.take(id) else { return }
            WebhookRoute(context: context, writer: writer).answer(request.exchange, outcome, source: source)
        case .page(let page, let cursor): hub.pageArrived(page, after: cursor)
        case .cursor(let id, let cursor): waiting.take(id)?.start?(cursor)
        case .canary(let signedAt): pulse.sawCanary(signedAt: signedAt)
        case .settings(let settings): hub.settings = settings
        case .checkIn: pulse.answered(now: SteadyTime.now())
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
            if context.keepsQueue { doors.stopAccepting() }
            for diagnostic in diagnostics.values { diagnostic.end() }
            let spread = reconnectCost.spreadMilliseconds(streams: hub.count, most: milliseconds)
            drain = Drain(milliseconds: milliseconds, count: hub.count, spreadMilliseconds: spread)
            tick()
        case .relieve: doors.relieve()
        case .stop: loop.stop()
        }
    }

    private func publish(_ commit: Commit) {
        let before = hub.counters.deliveries
        hub.publish(commit.events, extent: commit.extent)
        guard hub.counters.deliveries > before else { return }
        meter.wasDelivered(commit.events, now: WallClock.now())
    }

    /// Ends the loop when every stream has had its goodbye, every webhook its answer, and the last of them a turn of
    /// the loop to be written.
    private func goOnDraining() {
        guard var drain, !drain.step(hub) else { return }
        let isAnswered = waiting.isEmpty && gatherings.isEmpty && searches.isEmpty
        // Where others take the listeners over, nobody new comes here, and who came is served to the end.
        let isQuiet = isAnswered && (!context.keepsQueue || !doors.haveRequestsUnderWay)
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

    /// Before the loop's end: libevent frees the requests itself.
    func close() {
        mailbox.close()
        _ = hub.drain(upTo: .max, spreadMilliseconds: 0)
        for diagnostic in diagnostics.values { diagnostic.end() }
        doors = Doors()
        waiting = WaitingRequests()
        searches.removeAll()
        gatherings.removeAll()
    }
}
