import Events
import Journal
import Platform
import TestSupport
import Wire

@testable import Fanout

/// One run: a log, two loops with their hubs, and clients, in whatever order the seed says.
final class World {
    private var dice: SeededGenerator
    private var home: any JournalHome
    private let reopen: () throws -> any JournalHome
    private let memory: MemoryHome?
    private let clocks: Monitor<ClockReading>
    private var loops: [SimulatedLoop] = []
    private var clients: [Client] = []
    private var history = History()
    /// What the clocks show at the start.
    static let firstReading = ClockReading(boot: 5_000, wall: 1_790_000_000_000)
    private var steady = SteadyTime(milliseconds: firstReading.boot)
    private var wall = firstReading.wall
    private var lastKey = 0
    /// Webhooks that were refused because the disk was full: their senders try again.
    private var refused: [Draft] = []
    private var accepted: [Draft] = []
    /// Rooms that the relay has finished itself.
    private(set) var finished = 0
    /// Every connection ever made: every other one has its number here for its descriptor.
    private var wires: [Wire] = []
    /// What was done, for a failure's report.
    private(set) var trace: [String] = []

    /// - Parameters:
    ///   - clocks: what the log's clock is to show.
    ///   - reopen: opens the log, at the start and again after each restart.
    init(seed: UInt64, clocks: Monitor<ClockReading>, reopen: @escaping () throws -> any JournalHome) throws {
        dice = SeededGenerator(seed: seed)
        self.reopen = reopen
        self.clocks = clocks
        home = try reopen()
        memory = home as? MemoryHome
        loops = try [makeLoop(0), makeLoop(1)]
        clients = (0..<(2 + dice.below(5))).map { _ in dice.client() }
    }

    /// How many events all clients received, how many resyncs, and how many rooms the relay finished: a run in which
    /// nothing comes proves nothing.
    var tally: (received: Int, resyncs: Int, finished: Int) {
        (clients.reduce(0) { $0 + $1.received }, clients.reduce(0) { $0 + $1.resyncs }, finished)
    }

    private func makeLoop(_ index: Int) throws -> SimulatedLoop {
        let settings = HubSettings(ringEvents: 1 + dice.below(12))
        let hub = Hub(
            settings: settings, extent: try home.extent(), index: index, of: 2, now: steady, wallNow: wall,
            random: SeededGenerator(seed: dice.next()))
        let loop = SimulatedLoop(hub: hub)
        hub.readPage = { [unowned self, unowned loop] cursor in
            // Read now and delivered late, or read late.
            loop.reads.append((cursor, dice.percent(50) ? try? page(after: cursor) : nil))
        }
        hub.writeDirectly = { [unowned self] in wires[Int($0)].write($1) }
        return loop
    }

    private func page(after cursor: EventID) throws -> JournalPage {
        try home.page(after: cursor, events: 1 + dice.below(6), bytes: 1 << 20)
    }

    func run(steps: Int) throws {
        for _ in 0..<steps {
            try step()
            try check()
        }
        try finish()
    }

    private func step() throws {
        let loop = dice.pick(loops)
        switch dice.below(100) {
        case 0..<24: try append()
        case 24..<40: loop.takeMail()
        case 40..<42: loop.takeAllMail()
        case 42..<55: loop.hub.runTurn()
        case 55..<66: try bringPage(loop, mayFail: true)
        case 66..<76: connect(dice.pick(clients))
        case 76..<80: disconnect(dice.pick(clients))
        case 80..<89: giveRoom(dice.pick(clients), dice.percent(30) ? nil : 1 + dice.below(400))
        case 89..<91: dice.pick(clients).wire?.room = 0
        case 91..<95: pass(milliseconds: Int64(dice.below(9_000)))
        case 95..<97: _ = try home.upkeep()
        case 97: try finishRooms()
        case 98: memory?.fillUp(dice.percent(50))
        default: try restart()
        }
    }

    // MARK: Steps

    private func append() throws {
        var drafts: [Draft] = refused
        for _ in 0...dice.below(4) {
            if !accepted.isEmpty && dice.percent(10) {
                // A recent one: the log forgets keys with their events.
                drafts.append(dice.pick(accepted.suffix(5)))
            } else {
                lastKey += 1
                drafts.append(dice.draft(key: lastKey, at: wall))
            }
        }
        guard let commit = try? home.append(drafts, now: wall) else {
            note("append refused")
            refused = drafts
            return
        }
        refused = []
        accepted += drafts
        note("append \(commit.events.map(\.id))")
        history.append(commit.events)
        for loop in loops { loop.mail.append((commit.events, commit.extent)) }
    }

    /// The relay finishes rooms: those that nothing was heard from, and one that an administrator closes, perhaps twice
    /// and perhaps when it is not open.
    private func finishRooms() throws {
        var drafts = try home.staleRooms(now: wall)
        if dice.percent(50) {
            let key = RoomKey(source: "livekit", name: "a")
            let draft = Draft.finish(key, provider: "livekit", reason: RoomEnd.closed, endedAt: wall, now: wall)
            drafts += dice.percent(50) ? [draft] : [draft, draft]
        }
        guard !drafts.isEmpty, let commit = try? home.append(drafts, now: wall) else { return }
        note("finish rooms \(commit.events.map(\.id))")
        history.append(commit.events)
        finished += commit.events.count { $0.event.type == .roomFinished }
        for loop in loops { loop.mail.append((commit.events, commit.extent)) }
    }

    private func bringPage(_ loop: SimulatedLoop, mayFail: Bool) throws {
        guard !loop.reads.isEmpty else { return }
        let read = loop.reads.remove(at: dice.below(loop.reads.count))
        let fails = mayFail && dice.percent(10)
        note("page after \(read.cursor)\(fails ? " fails" : "")")
        loop.hub.pageArrived(fails ? nil : try read.page ?? page(after: read.cursor), after: read.cursor)
    }

    private func connect(_ client: Client, isLast: Bool = false) {
        guard client.wire == nil else { return }
        let hub = connectHub(client)
        let (start, isGenuine) = start(for: client, isLast: isLast)
        note("\(client.user) connects to \(client.hubIndex) from \(start)")
        let wire = Wire(
            room: isLast || dice.percent(60) ? nil : dice.below(800),
            descriptor: wires.count.isMultiple(of: 2) ? CInt(wires.count) : nil)
        wire.isChunked = client.format.isChunked
        wires.append(wire)
        client.begin(start, on: wire, liveFrom: hub.head, isGenuine: isGenuine)
        var subscription = Subscription(user: client.user, filter: client.filter, format: client.format, start: start)
        subscription.heartbeatIsEvent = dice.percent(20)
        if !isLast {
            if dice.percent(10) { subscription.limitEvents = 1 + dice.below(6) }
            if dice.percent(10) { subscription.endsWhenCaughtUp = true }
            if dice.percent(10) { subscription.expiresAt = wall + Int64(dice.below(60_000)) }
        }
        client.subscriber = hub.subscribe(subscription, outlet: wire)
    }

    private func connectHub(_ client: Client) -> Hub {
        client.hubIndex = dice.below(loops.count)
        return loops[client.hubIndex].hub
    }

    private func start(for client: Client, isLast: Bool) -> (Subscription.Start, isGenuine: Bool) {
        let choice = isLast ? 99 : dice.below(100)
        if choice < 5 { return (.malformed, false) }
        if choice < 12 {
            // No home gives out this sequence.
            let id = EventID(milliseconds: wall.milliseconds - Int64(dice.below(40_000)) + 2_000, sequence: 999_999)
            return (.after(id), false)
        }
        if choice < 20, !history.events.isEmpty { return (.after(dice.pick(history.events).id), true) }
        if choice < 25 { return (.oldest, true) }
        if choice < 30, let head = history.events.last?.id { return (.trusted(head), true) }
        guard let lastID = client.lastID else { return (.live, true) }
        return (.after(lastID), lastID.sequence != 999_999)
    }

    private func disconnect(_ client: Client) {
        guard let wire = client.wire, let subscriber = client.subscriber else { return }
        note("\(client.user) leaves \(client.hubIndex)")
        // Noticed at once, or at the next write.
        if dice.percent(50) {
            wire.isBroken = true
        } else {
            loops[client.hubIndex].hub.end(subscriber, .clientClosed)
        }
    }

    private func giveRoom(_ client: Client, _ room: Int?) {
        guard let wire = client.wire, let subscriber = client.subscriber else { return }
        wire.room = room
        guard wire.isAwaited else { return }
        wire.isAwaited = false
        loops[client.hubIndex].hub.outletHasRoom(subscriber)
    }

    private func pass(milliseconds: Int64) {
        steady = steady + milliseconds
        // The wall clock steps, back as well.
        wall += dice.percent(10) ? -milliseconds : milliseconds
        clocks.withLock { $0 = ClockReading(boot: steady.milliseconds, wall: wall) }
        for loop in loops {
            loop.hub.setTime(steady: steady, wall: wall)
            loop.hub.tick()
        }
    }

    private func restart() throws {
        guard dice.percent(40) else { return }
        note("restart")
        try check()
        for client in clients { client.leave() }
        try home.close()
        home = try reopen()
        loops = try [makeLoop(0), makeLoop(1)]
    }

    private func note(_ text: String) { trace.append(text) }

    // MARK: Checks

    private func check() throws {
        let trimmedThrough = try home.extent().trimmedThrough
        for client in clients {
            try client.read(history, trimmedThrough: trimmedThrough)
            guard let reason = client.ended, let subscriber = client.subscriber else { continue }
            let head = loops[client.hubIndex].hub.head
            let missed = history.next(after: client.position, upTo: head, for: client.filter, client.user)
            if reason == .caughtUp, missed != nil {
                throw Failure("a stream counted as caught up at \(client.position) of \(head)")
            }
            if reason == .limitReached, subscriber.remainingEvents != 0 || client.receivedHere == 0 {
                throw Failure("a stream ended at its limit after \(client.receivedHere) events")
            }
            let isFinished = reason == .caughtUp || reason == .limitReached
            if isFinished, client.format.isChunked, client.wire?.hasLastChunk == false {
                throw Failure("a stream ended in order without its last chunk")
            }
            client.leave()
        }
        for loop in loops where loop.hub.count > clients.count { throw Failure("streams are left behind") }
    }

    /// Lets everything come to rest: then everybody must have received everything.
    private func finish() throws {
        note("finish")
        memory?.fillUp(false)
        for client in clients { giveRoom(client, nil) }
        try check()
        try settle()
        // Who left without a word has shown it by now, or will at the next heartbeat.
        pass(milliseconds: 16_000)
        try check()
        try settle()
        for client in clients where client.subscriber != nil { try expectEverything(client) }
        for client in clients {
            // Those who have left come back, without limits and tokens that might end them.
            if let subscriber = client.subscriber { loops[client.hubIndex].hub.end(subscriber, .replaced) }
        }
        try check()
        for client in clients { connect(client, isLast: true) }
        try append()
        try settle()
        for client in clients { try expectEverything(client) }
        try checkLog()
    }

    private func expectEverything(_ client: Client) throws {
        if client.owesResync { throw Failure("\(client.user) was never told that its id is unknown") }
        if let missing = history.next(after: client.position, for: client.filter, client.user) {
            throw Failure("\(client.user) stands at \(client.position) and never received \(missing.id)")
        }
    }

    private func settle() throws {
        for _ in 0..<2_000 where loops.contains(where: { $0.hub.needsTurn || !$0.mail.isEmpty || !$0.reads.isEmpty }) {
            for loop in loops {
                loop.takeMail()
                loop.hub.runTurn()
                try bringPage(loop, mayFail: false)
            }
            try check()
        }
        if loops.contains(where: \.hub.needsTurn) { throw Failure("a hub never comes to rest") }
    }

    /// Everything that was accepted is in the log once, in the order of ids that only grow.
    private func checkLog() throws {
        var names: [WireText: Int] = [:]
        var last = EventID.zero
        for logged in history.events {
            guard logged.id > last else { throw Failure("\(logged.id) follows \(last)") }
            last = logged.id
            if !logged.event.isSynthetic, let name = logged.event.data.providerEvent { names[name, default: 0] += 1 }
        }
        // The rooms follow from the log alone, whatever bounds, kills and the relay's own finishes there were.
        var fold = RoomFold()
        for logged in history.events { fold.record(logged.event, id: logged.id) }
        fold.commit()
        let rooms = try home.rooms()
        guard Set(rooms.map(\.key)) == Set(fold.rooms.map(\.key)), rooms.allSatisfy({ fold.state(of: $0.key) == $0 })
        else { throw Failure("the rooms are not those of the log") }
        for draft in accepted where names[draft.event.data.providerEvent ?? ""] != 1 {
            throw Failure("the webhook \(draft.idempotencyKey) is in the log not just once")
        }
    }
}

extension Subscription {
    /// A subscription of the own issuer's user.
    init(user: WireText, filter: EventFilter, format: StreamFormat = StreamFormat(), start: Start = .live) {
        self.init(
            principal: Principal(issuer: "own", user: user), filter: filter, format: format, start: start)
    }
}
