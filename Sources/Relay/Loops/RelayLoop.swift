internal import API
internal import EventLoop
internal import Events
internal import Fanout
internal import FrontDoor
internal import Journal
internal import Platform
internal import Settings
internal import Telemetry
internal import Wire

/// The owner of one loop: it handles the mailbox, the timers and the drain. Requests are handled by ``LoopAPI``, and
/// streams by ``Hub``.
final class RelayLoop: LoopTurns {
    private let context: RelayContext
    private let loop: Loop
    private let hub: Hub
    private let reader: JournalReader
    private let mailbox: Mailbox<LoopCommand>
    private let index: Int
    private var api: LoopAPI?
    private var doors = Doors()
    private var mail: CounterReader?
    private var ticker: LoopTimer?
    private var turns: LoopTimer?
    private var isTurnSet = false
    /// When the current turn must end.
    private var turnEnd = SteadyTime.distantFuture
    private var drain: Drain?
    private let pulse: LoopPulse
    /// When the ticker is due.
    private var tickDue: SteadyTime
    private var meter = HubMeter()

    init(_ plan: LoopPlan, loop: Loop) throws {
        context = plan.context
        reader = plan.reader
        mailbox = plan.peers[plan.index]
        index = plan.index
        pulse = plan.context.health.pulses[plan.index]
        tickDue = SteadyTime.now() + LoopPulse.tickMilliseconds
        self.loop = loop
        hub = Hub(
            settings: HubSettings(plan.context.settings.streams), extent: plan.extent, index: plan.index,
            of: plan.count, now: SteadyTime.now(),
            wallNow: WallClock.now())
        hub.writeDirectly = { OutletResult(System.write($0, $1)) }
        hub.readPage = { [unowned self] in readPage(after: $0) }
        hub.turnIsOver = { [unowned self] in turnIsOver }
        api = LoopAPI(
            LoopAPI.Parts(
                shared: context.shared, loop: loop, turns: self, hub: hub, rooms: plan.rooms, writer: plan.writer,
                reader: reader, port: mailbox, loops: plan.peers, operating: context.operatingPages(plan.writer),
                isSecure: context.tls != nil))
        mail = mailbox.attach(
            to: loop, limit: Limits.mailboxCommands, handle: { [unowned self] in handle($0) },
            endOfTurn: { [unowned self] in
                api?.answerPages()
                schedule()
            })
        ticker = LoopTimer(on: loop) { [unowned self] in tick() }
        turns = LoopTimer(on: loop) { [unowned self] in runTurn() }
        ticker?.set(afterMilliseconds: LoopPulse.tickMilliseconds)
    }

    /// Accepts connections on this address.
    func listen(on listener: Listener, _ plan: ListenPlan) throws {
        guard let api else { return }
        if plan.isForMetrics {
            return try doors.listenForMetrics(on: listener) {
                try makeDoor(nil, for: api) { api.receiveOperating($0) }
            }
        }
        try doors.listen(on: listener, isSecure: plan.isSecure) {
            try makeDoor(plan.isSecure ? context.tls : nil, for: api) { api.receive($0) }
        }
    }

    /// Makes a door that passes its requests to `handler`.
    /// - Parameter tls: nil for a door without TLS.
    private func makeDoor(
        _ tls: TLSTermination?, for api: LoopAPI, _ handler: @escaping (Exchange) -> Void
    ) throws -> Door {
        try Door(
            on: loop, context: context, tls: tls, relieve: { [mailbox] in mailbox.post(.relieve) },
            isWebhook: { api.isWebhook(target: $0) },
            handler: { [unowned self] exchange in
                begin()
                handler(exchange)
                schedule()
            })
    }

    // MARK: Time

    func begin() {
        hub.setTime(steady: SteadyTime.now(), wall: WallClock.now())
    }

    private func tick() {
        begin()
        hub.tick()
        api?.tick(now: .now())
        if drain != nil { goOnDraining() }
        let now = SteadyTime.now()
        pulse.turned(now: now, lateMilliseconds: max(0, now - tickDue))
        context.metrics.read(meter.reading(of: hub, now: now), loop: index)
        let interval = drain == nil ? LoopPulse.tickMilliseconds : Drain.stepMilliseconds
        tickDue = now + interval
        ticker?.set(afterMilliseconds: interval)
        schedule()
    }

    func schedule() {
        guard hub.needsTurn || api?.needsTurn == true, !isTurnSet else { return }
        isTurnSet = true
        turns?.set(afterMilliseconds: 0)
    }

    private func runTurn() {
        isTurnSet = false
        begin()
        turnEnd = SteadyTime.now() + Limits.turnMilliseconds
        hub.runTurn()
        turnEnd = SteadyTime.now() + Limits.turnMilliseconds
        api?.runTurn { turnIsOver }
        schedule()
    }

    /// True when the turn's time is used up, and the loop should handle its sockets again.
    private var turnIsOver: Bool { SteadyTime.now() >= turnEnd }

    // MARK: Mail

    private func handle(_ command: LoopCommand) {
        begin()
        switch command {
        case .committed(let commit): publish(commit)
        case .page(let page, let cursor): hub.pageArrived(page, after: cursor)
        case .api(let message): api?.handle(message)
        case .canary(let signedAt): pulse.sawCanary(signedAt: signedAt)
        case .settings(let settings): hub.settings = settings
        case .checkIn: pulse.answered(now: SteadyTime.now())
        case .drain(let milliseconds): beginDraining(milliseconds: milliseconds)
        case .relieve: doors.relieve()
        case .stop: loop.stop()
        }
    }

    private func publish(_ commit: Commit) {
        api?.roomsChanged(commit.rooms)
        let before = hub.counters.deliveries
        hub.publish(commit.events, extent: commit.extent)
        guard hub.counters.deliveries > before else { return }
        meter.wasDelivered(commit.events, now: WallClock.now())
    }

    private func readPage(after cursor: EventID) {
        let mailbox = mailbox
        let isTaken = reader.page(after: cursor) { mailbox.post(.page(try? $0.get(), after: cursor)) }
        // By mail, since the hub must not be called back from within its own call.
        if !isTaken { mailbox.post(.page(nil, after: cursor)) }
    }

    // MARK: Drain

    private func beginDraining(milliseconds: Int64) {
        // Connections are still accepted, and their requests answered with 503 and Retry-After: a connection that
        // waited in the listener's queue would be reset at the end. But if the queue outlives this process, the next
        // process takes it over.
        if context.shared.keepsQueue { doors.stopAccepting() }
        api?.beginDraining()
        let spread = api?.reconnectSpread(streams: hub.count, most: milliseconds) ?? 0
        drain = Drain(milliseconds: milliseconds, count: hub.count, spreadMilliseconds: spread)
        tick()
    }

    /// Does the next step of the drain. The loop ends when all streams have ended, all webhooks have their answers, and
    /// one more step has passed, in which the last bytes are written.
    private func goOnDraining() {
        guard var drain, !drain.step(hub) else { return }
        // If another process takes the listeners over, this one serves the requests that it has accepted to their end.
        let isQuiet = api?.isQuiet != false && (!context.shared.keepsQueue || !doors.haveRequestsUnderWay)
        guard drain.hasEndedAll && isQuiet || drain.isLate else {
            drain.hasEndedAll = isQuiet
            self.drain = drain
            return
        }
        self.drain = nil
        loop.stop()
    }

    /// Ends all streams and releases all requests, after the loop has stopped. libevent frees the requests itself.
    func close() {
        mailbox.close()
        _ = hub.drain(upTo: .max, spreadMilliseconds: 0)
        api?.beginDraining()
        doors = Doors()
        api?.close()
    }
}
