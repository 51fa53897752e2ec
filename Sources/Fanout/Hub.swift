public import Events

/// How a hub behaves.
public struct HubSettings: Sendable {
    /// A stream on which nothing was written for so long, or an eighth less, gets a heartbeat.
    public var heartbeatMilliseconds: Int64
    /// About when clients should come back after a broken connection; each is told its own time near it.
    public var retryMilliseconds: Int64
    /// How long before a token's end its stream is warned.
    public var expiryNoticeMilliseconds: Int64
    /// How old a stream may become before it is ended, so that its client comes back elsewhere; nil for no bound.
    public var maxAgeMilliseconds: Int64?
    /// Recent events kept in memory.
    public var ringEvents: Int
    /// Bytes of recent events kept in memory.
    public var ringBytes: Int

    /// Settings; the defaults are those of the service.
    public init(
        heartbeatMilliseconds: Int64 = 15_000, retryMilliseconds: Int64 = 3_000,
        expiryNoticeMilliseconds: Int64 = 30_000, maxAgeMilliseconds: Int64? = nil, ringEvents: Int = Limits.ringEvents,
        ringBytes: Int = Limits.ringBytes
    ) {
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.retryMilliseconds = retryMilliseconds
        self.expiryNoticeMilliseconds = expiryNoticeMilliseconds
        self.maxAgeMilliseconds = maxAgeMilliseconds
        self.ringEvents = ringEvents
        self.ringBytes = ringBytes
    }
}

/// The fan-out of one loop: every subscriber is a cursor over the log, and this moves the cursors.
///
/// It has no sockets, no clock and no threads: outlets take the bytes, the caller tells the time, and everything
/// is called on one thread. Live delivery, resume and slow readers are one mechanism, so nothing can fall between
/// them:
/// - a *live* subscriber stands at the head and gets its group's bytes with one write per turn;
/// - one that is behind is pumped from the ring in memory, and behind that from pages of the log, until it
///   arrives at the head and is live.
public final class Hub {
    /// How it behaves from now on. A heartbeat that was set before keeps its time.
    public var settings: HubSettings
    let builder = FrameBuilder()
    let buffers = BufferList()
    var ring: Ring
    var extent: LogExtent
    var groups = GroupIndex()
    var subscribers: [UInt64: Subscriber] = [:]
    /// For events with an audience: the users of this name, whichever issuer vouches for them.
    var byUser: [WireText: [Subscriber]] = [:]
    /// How many stand at the head with nothing unsent.
    var liveCount = 0
    /// Live subscribers that are served alone.
    var alone: [UInt64: Subscriber] = [:]
    /// Subscribers whose cursor is beyond the head of this hub.
    var ahead: [Subscriber] = []
    /// Groups with events to write this turn.
    var touched: [Group] = []
    /// Subscribers that are behind and have room, in the order of their turns.
    var queue: [Subscriber] = []
    var desk = PageDesk()
    /// Subscribers whose page could not be read; asked for again at the next tick.
    var unread: [Subscriber] = []
    var wheel: Wheel
    var random: any RandomNumberGenerator
    /// Milliseconds by a clock that never steps.
    var now: SteadyTime
    /// Milliseconds since 1970.
    var wallNow: WallTime
    private let firstID: UInt64
    private let idStride: UInt64
    private var startedCount: UInt64 = 0
    /// What happened so far.
    public internal(set) var counters = HubCounters()
    /// Writes to an outlet that names its ``Outlet/descriptor``, as its ``Outlet/write(_:)`` would. To be set by who
    /// gives such outlets.
    public var writeDirectly: DescriptorWrite = { _, _ in .gone }
    /// Asked between two pieces of ``runTurn()``'s work whether the turn has taken its time. The hub has no clock.
    public var turnIsOver: () -> Bool = { false }
    /// True while ``runTurn()`` works.
    var isInTurn = false
    /// Called to have a page read; ``pageArrived(_:after:)`` brings it.
    public var readPage: (EventID) -> Void = { _ in }

    /// A hub without subscribers over a log that ends at `extent`.
    /// - Parameter index: its number among `count` hubs: stream ids are unique among them all.
    public init(
        settings: HubSettings, extent: LogExtent, index: Int = 0, of count: Int = 1, now: SteadyTime,
        wallNow: WallTime, random: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        self.settings = settings
        self.extent = extent
        self.now = now
        self.wallNow = wallNow
        self.random = random
        firstID = UInt64(index) + 1
        idStride = UInt64(count)
        ring = Ring(head: extent.head, limitEvents: settings.ringEvents, limitBytes: settings.ringBytes)
        wheel = Wheel(horizonMilliseconds: settings.heartbeatMilliseconds, slotMilliseconds: 250, now: now)
    }

    deinit {
        // A group and its live members hold each other.
        for group in groups.all { group.removeAllLive() }
    }

    /// How many streams there are.
    public var count: Int { subscribers.count }

    /// The last event that this hub knows. A cursor may be beyond it, until what lies between is published here too.
    public var head: EventID { ring.head }

    /// Starts a stream. What comes first is written at once; a subscriber that is behind catches up in its turns.
    /// It may have ended already when this returns.
    /// - Parameter id: the stream's id, if ``takeStreamID()`` has given it one before.
    public func subscribe(
        _ subscription: Subscription, id: UInt64? = nil, outlet: any Outlet
    ) -> Subscriber {
        let id = id ?? takeStreamID()
        counters.accepted += 1
        let group = groups.join(Group.Key(filter: subscription.filter, format: subscription.format))
        let start = start(subscription.start)
        let subscriber = Subscriber(
            id: id, subscription: subscription, group: group, outlet: outlet, cursor: start.cursor,
            told: told(at: start.cursor, for: subscription), now: now, wallNow: wallNow)
        subscriber.cursorIsUnchecked = start.isUnchecked
        subscribers[id] = subscriber
        byUser[subscriber.user, default: []].append(subscriber)
        setWheel(subscriber, idleSince: now)
        var opening = ControlFrame.retry(jitteredRetry(), for: subscriber)
        opening += ControlFrame.connected(
            subscriber, at: start.resync == nil ? subscriber.told : Self.named(subscription.start),
            oldest: extent.trimmedThrough, newest: newest(from: subscriber.told),
            heartbeatMilliseconds: settings.heartbeatMilliseconds, listeners: listeners(to: group))
        opening += subscription.opening
        if let reason = start.resync { opening += resync(subscriber, reason) }
        let head = subscription.preamble + Chunk.around(opening, if: subscription.format.isChunked)
        subscriber.unsent = [.bytes(SharedBytes(head))]
        if flush(subscriber) { proceed(subscriber) }
        return subscriber
    }

    /// About how many streams of the whole relay are like those of a group, for clients that spread over time what an
    /// event makes them ask for.
    ///
    /// Other loops have about as many members as this one. Only streams with the same grant and filter count, and only
    /// to the next power of two: a reader learns nothing of streams that see more or less than its own, and cannot
    /// watch others come and go one by one.
    func listeners(to group: Group) -> Int {
        let count = max(1, group.memberCount) * Int(idStride)
        return 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
    }

    private func start(
        _ start: Subscription.Start
    ) -> (cursor: EventID, resync: Resync.Reason?, isUnchecked: Bool) {
        let oldest = extent.trimmedThrough
        switch start {
        case .live: return (head, nil, false)
        case .oldest, .after(.zero): return (oldest, nil, false)
        case .trusted(let id): return (id, nil, false)
        case .malformed: return (oldest, .malformed, false)
        case .after(let id):
            if id < oldest { return (oldest, .expired, false) }
            if id == .beginning { return (oldest, nil, false) }
            if id == head || id == oldest || id == ring.floor { return (id, nil, false) }
            // Below what is in memory only the log can say whether it ever gave out this id. So it is with one
            // beyond: another loop may have sent what has not come here yet.
            if id < ring.floor || id > head { return (id, nil, true) }
            return ring.knows(id) ? (id, nil, false) : (oldest, .unknown, false)
        }
    }

    /// Where the client of a new stream may come back as long as it has received nothing.
    private func told(at cursor: EventID, for subscription: Subscription) -> EventID {
        switch subscription.start {
        case .live, .trusted: place(at: cursor, for: subscription.filter, of: subscription.audienceName)
        case .oldest, .after, .malformed: max(cursor, .beginning)
        }
    }

    /// The id that a client named itself. Before a `resync` it keeps that: if the connection breaks between the two, it
    /// must hear of the gap when it comes back.
    private static func named(_ start: Subscription.Start) -> EventID? {
        if case .after(let id) = start { id } else { nil }
    }

    func resync(_ subscriber: Subscriber, _ reason: Resync.Reason) -> [UInt8] {
        counters.resyncs += 1
        let resync = Resync(reason: reason, oldest: extent.trimmedThrough)
        subscriber.outlet.willWrite(resync)
        return ControlFrame.resync(resync, for: subscriber)
    }

    /// Between 0.75 and 1.25 of the setting: clients of one outage do not come back in one moment.
    func jitteredRetry() -> Int64 {
        let base = settings.retryMilliseconds
        return Int64.random(in: base * 3 / 4...base * 5 / 4, using: &random)
    }

    /// Ends a stream. What its outlet took is still sent; what it did not take is lost with it.
    public func end(_ subscriber: Subscriber, _ reason: StreamEnd) {
        guard subscriber.state != .ended else { return }
        leaveHead(subscriber)
        subscriber.state = .ended
        subscriber.unsent = []
        subscriber.page = nil
        wheel.remove(subscriber)
        groups.leave(subscriber.group)
        subscribers[subscriber.id] = nil
        byUser[subscriber.user]?.removeAll { $0 === subscriber }
        if byUser[subscriber.user]?.isEmpty == true { byUser[subscriber.user] = nil }
        subscriber.outlet.close()
        counters.ended[reason, default: 0] += 1
        subscriber.outlet.subscriberHasEnded(subscriber, because: reason)
    }

    /// Ends a stream for a reason that its client does not know: it is told first, if it has room for that.
    /// - Parameter retryMilliseconds: when the client should come back, if it is to come back at all.
    public func close(_ subscriber: Subscriber, _ reason: StreamEnd, retryMilliseconds: Int64? = nil) {
        sendLast(ControlFrame.closing(subscriber, reason, retryMilliseconds: retryMilliseconds), to: subscriber, reason)
    }

    /// The stream of this id, if it is one of this hub's.
    public func subscriber(id: UInt64) -> Subscriber? { subscribers[id] }

    /// The streams of the users of this name, oldest first: of one issuer's user, or of every issuer's.
    public func subscribers(of user: WireText, issuer: WireText? = nil) -> [Subscriber] {
        let named = byUser[user] ?? []
        guard let issuer else { return named }
        return named.filter { $0.principal.issuer == issuer }
    }

    /// Gives out the id of a stream: of one that ``subscribe(_:id:outlet:)`` is about to start, or of one that is
    /// listed with the streams and is none of this hub's.
    public func takeStreamID() -> UInt64 {
        defer { startedCount += 1 }
        return firstID + startedCount * idStride
    }

    /// Takes a live subscriber away from the head: its cursor says from now on where it stands.
    func leaveHead(_ subscriber: Subscriber) {
        guard subscriber.state == .live else { return }
        liveCount -= 1
        subscriber.group.removeLive(subscriber)
        alone[subscriber.id] = nil
        subscriber.cursor = head
        subscriber.state = .queued
    }
}

/// What a hub has done since it was made.
public struct HubCounters: Sendable {
    /// Streams that were started.
    public var accepted: UInt64 = 0
    /// Events written to subscribers, in whole or begun.
    public var deliveries: UInt64 = 0
    /// Bytes taken by outlets.
    public var sentBytes: UInt64 = 0
    /// Writes that were cut short because the subscriber reads too slowly.
    public var shortWrites: UInt64 = 0
    /// Heartbeats written.
    public var heartbeats: UInt64 = 0
    /// `resync` events written.
    public var resyncs: UInt64 = 0
    /// Turns of subscribers behind the head that were served from memory.
    public var ringReads: UInt64 = 0
    /// Pages of the log asked for.
    public var pageReads: UInt64 = 0
    /// Streams that ended, by reason.
    public var ended: [StreamEnd: UInt64] = [:]
}
