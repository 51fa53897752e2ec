import Events
import Fanout
import TestSupport
import Wire

/// A hub over a log that the test holds: what is committed is published at once, pages are read when asked for.
final class Stage {
    let hub: Hub
    /// Everything ever committed, trimmed or not.
    private(set) var log: [JournalEvent]
    /// Up to here the log is trimmed.
    var trimmedThrough = EventID.zero
    /// Reads that the hub asked for and that ``settle()`` has not brought yet.
    var reads: [EventID] = []
    /// How streams ended.
    var ends: [StreamEnd] {
        hub.counters.ended.flatMap { Array(repeating: $0.key, count: Int($0.value)) }
    }
    private(set) var steady: SteadyTime = 1_000_000
    var wall: WallTime { 1_800_000_000_000 + steady.milliseconds }
    /// Who is written to by descriptor.
    private var direct: [CInt: TestOutlet] = [:]
    /// How many writes went by descriptor.
    private(set) var directWrites = 0
    /// How many events a page holds.
    var pageEvents = 10

    /// A hub that starts when `before` events are in the log already, of which its ring knows none.
    init(before: Int = 0, settings: HubSettings = HubSettings()) {
        log = (0..<before).map { Stage.event($0 + 1) }
        hub = Hub(
            settings: settings, extent: JournalExtent(trimmedThrough: .zero, head: log.last?.id ?? .zero),
            now: 1_000_000, wallNow: 1_800_001_000_000, random: SeededGenerator(seed: 7))
        hub.readPage = { [unowned self] in reads.append($0) }
        hub.writeDirectly = { [unowned self] descriptor, buffers in
            directWrites += 1
            return direct[descriptor]?.write(buffers) ?? .gone
        }
    }

    var extent: JournalExtent { JournalExtent(trimmedThrough: trimmedThrough, head: log.last?.id ?? .zero) }

    /// The `number`-th event of the log.
    static func event(
        _ number: Int, room: WireText? = "call_1", type: EventType = .participantJoined, users: [WireText]? = nil,
        identity: WireText? = nil, source: WireText = "livekit", raw: String? = nil,
        isReconciled: Bool = false
    ) -> JournalEvent {
        var event = Event(
            type: type, source: source, provider: "livekit", room: room, receivedAt: 1_795_201_856_000 + Int64(number))
        event.users = users
        event.isReconciled = isReconciled
        event.data.participant = identity.map { Participant(id: "PA_\($0)", identity: $0) }
        return JournalEvent(id: Stage.id(number), event: event, raw: raw.map { Array($0.utf8) })
    }

    static func id(_ number: Int) -> EventID { EventID(milliseconds: Int64(number), sequence: 0) }

    /// Commits events without publishing them here, as when this hub's loop is late.
    func commitUnseen(_ events: [JournalEvent]) { log += events }

    /// Commits and publishes the next `count` events, all alike.
    func commit(_ count: Int = 1, room: WireText? = "call_1") {
        let first = log.count + 1
        commit((first..<(first + count)).map { Stage.event($0, room: room) })
    }

    func commit(_ events: [JournalEvent]) {
        log += events
        hub.publish(events, extent: extent)
    }

    func page(after cursor: EventID) -> JournalPage {
        let kept = log.filter { $0.id > trimmedThrough }
        let following = kept.filter { $0.id > cursor }
        let events = Array(following.prefix(pageEvents))
        let isPlace = events.first.map { cursor.isPlace(before: $0.id) } ?? false
        return JournalPage(
            after: cursor, events: events, hasMore: events.count < following.count,
            cursorIsKnown: cursor == trimmedThrough || isPlace || kept.contains { $0.id == cursor }, extent: extent)
    }

    /// Brings the pages that were asked for, and lets the hub work until it has nothing left to do.
    func settle() {
        for _ in 0..<10_000 where hub.needsTurn || !reads.isEmpty {
            hub.runTurn()
            let asked = reads
            reads = []
            for cursor in asked { hub.pageArrived(page(after: cursor), after: cursor) }
        }
    }

    /// Lets time pass, in steps of a quarter of a second.
    func pass(milliseconds: Int64) {
        let end = steady + milliseconds
        while steady < end {
            steady = min(end, steady + 250)
            hub.setTime(steady: steady, wall: wall)
            hub.tick()
        }
    }

    /// Gives an outlet a descriptor, as a plain socket has one.
    func makeDirect(_ outlet: TestOutlet) {
        let descriptor = CInt(100 + direct.count)
        outlet.descriptor = descriptor
        direct[descriptor] = outlet
    }

    /// Opens a stream, written to by descriptor unless it is told otherwise.
    func open(
        _ start: Subscription.Start = .live, user: WireText = "ada", rooms: [WireText] = ["*"],
        types: [WireText] = ["*"],
        format: StreamFormat = StreamFormat(), outlet: TestOutlet = TestOutlet(), isDirect: Bool = true
    ) -> (subscriber: Subscriber, outlet: TestOutlet) {
        if isDirect { makeDirect(outlet) }
        let asked = EventScope(rooms: PatternSet(rooms), types: PatternSet(types))
        let subscription = Subscription(
            user: user, filter: EventFilter(granted: .everything, requested: asked), format: format, start: start)
        let subscriber = hub.subscribe(subscription, outlet: outlet)
        return (subscriber, outlet)
    }

    /// The ids of these events as they stand on the wire.
    static func ids(_ numbers: some Sequence<Int>) -> [String] { numbers.map { id($0).description } }
}

extension Subscription {
    /// A subscription to everything.
    static func everything(from start: Start = .live, user: WireText = "ada") -> Subscription {
        Subscription(user: user, filter: EventFilter(granted: .everything), start: start)
    }
}

extension Subscription {
    /// A subscription of the own issuer's user.
    init(user: WireText, filter: EventFilter, format: StreamFormat = StreamFormat(), start: Start = .live) {
        self.init(
            principal: Principal(issuer: "own", user: user), filter: filter, format: format, start: start)
    }
}
