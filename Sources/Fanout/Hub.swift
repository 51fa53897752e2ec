package import Events
package import Wire

/// Intervals and bounds of a hub.
package struct HubSettings: Sendable {
    /// A stream gets a heartbeat if nothing was written to it for this long, or up to an eighth less.
    package var heartbeatMilliseconds: Int64
    /// About when clients should reconnect after a broken connection; each client is told its own time near it.
    package var retryMilliseconds: Int64
    /// How long before its token's end a stream announces it.
    package var expiryNoticeMilliseconds: Int64
    /// The age at which a stream is ended, so that its client reconnects, perhaps to another relay; nil for no bound.
    package var maxAgeMilliseconds: Int64?
    /// Recent events kept in memory.
    package var ringEvents: Int
    /// Bytes of recent events kept in memory.
    package var ringBytes: Int

    /// Settings; the defaults are those of the service.
    package init(
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

/// The fan-out of one loop: every subscriber is a cursor over the journal, and the hub moves the cursors.
///
/// It has no sockets, no clock and no threads: outlets accept the bytes, the caller sets the time, and all calls come
/// from one thread (checked by ``preconditionIsOnOwnThread()``). Live delivery, resume and slow readers are one mechanism, so no event
/// is lost between them:
/// - a *live* subscriber is at the head and gets its group's bytes with one write per turn;
/// - a subscriber that is behind is served from the ring in memory, and behind that from pages of the journal, until it
///   reaches the head and becomes live.
package final class Hub {
    /// Used from now on. A heartbeat that is already scheduled keeps its time.
    package var settings: HubSettings
    let builder = FrameBuilder()
    let buffers = BufferList()
    var ring: Ring
    var extent: JournalExtent
    var groups = GroupIndex()
    var subscribers: [UInt64: Subscriber] = [:]
    /// Subscribers by user name, whichever issuer signed their token: for events with an audience.
    var byUser: [WireText: [Subscriber]] = [:]
    /// How many subscribers are at the head with nothing unsent.
    var liveCount = 0
    /// Live subscribers that are written to individually and not with their group.
    var alone: [UInt64: Subscriber] = [:]
    /// Ephemeral events that wait for streams which are behind, by the stream's id.
    var held: [UInt64: HeldEphemerals] = [:]
    /// Subscribers whose cursor is beyond the head of this hub.
    var ahead: [Subscriber] = []
    /// Groups with events to write this turn.
    var touched: [Group] = []
    /// Subscribers that are behind and whose outlets accept bytes, in the order of their turns.
    var queue: [Subscriber] = []
    var desk = PageDesk()
    /// Subscribers whose page could not be read. It is requested again at the next tick.
    var unread: [Subscriber] = []
    var wheel: Wheel
    var random: any RandomNumberGenerator
    /// Milliseconds by a clock that never steps.
    var now: SteadyTime
    /// Milliseconds since 1970.
    var wallNow: WallTime
    private let owner = ThreadOwner()
    /// True while ``publish(_:extent:)`` writes, when outlets must not call the hub.
    var isPublishing = false
    private let firstID: UInt64
    private let idStride: UInt64
    private var startedCount: UInt64 = 0
    /// Totals since the hub was created.
    package internal(set) var counters = HubCounters()
    /// Writes to the ``Outlet/descriptor`` of an outlet, as its ``Outlet/write(_:)`` would. Set this when outlets have
    /// a `descriptor`.
    package var writeDirectly: DescriptorWrite = { _, _ in .gone }
    /// Asked between two steps of ``runTurn()`` whether the turn has used up its time. The hub has no clock.
    package var turnIsOver: () -> Bool = { false }
    /// True while ``runTurn()`` runs.
    var isInTurn = false
    /// Requests the page of the journal after a cursor. The caller delivers it with ``pageArrived(_:after:)``.
    package var readPage: (EventID) -> Void = { _ in }

    /// A hub without subscribers, at the end of a journal of this extent.
    package init(
        settings: HubSettings, extent: JournalExtent, index: Int = 0, of count: Int = 1, now: SteadyTime,
        wallNow: WallTime, random: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        precondition(count > 0 && (0..<count).contains(index), "a hub is one of those that share stream ids")
        precondition(settings.heartbeatMilliseconds > 0, "a hub sends heartbeats")
        precondition(settings.ringEvents > 0 && settings.ringBytes > 0, "a hub has room for recent events")
        assert(extent.trimmedThrough <= extent.head, "a journal is trimmed up to its head at most")
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
        for group in groups.all { group.removeAll() }
    }

    /// How many streams there are.
    package var count: Int { subscribers.count }

    /// The last event published here. A cursor may be beyond it until the events between are published here too.
    package var head: EventID { ring.head }

    /// Starts a stream and writes its first frames at once. A subscriber that is behind catches up in its turns. The
    /// subscriber may have ended already when this returns.
    /// - Parameter id: the stream's id, if ``takeStreamID()`` has assigned one before.
    package func subscribe(
        _ subscription: Subscription, id: UInt64? = nil, outlet: any Outlet
    ) -> Subscriber {
        preconditionIsEntrance()
        let id = id ?? takeStreamID()
        counters.accepted += 1
        let group = groups.join(Group.Key(filter: subscription.filter, format: subscription.format))
        let start = start(subscription.start)
        let subscriber = Subscriber(
            id: id, subscription: subscription, group: group, outlet: outlet, cursor: start.cursor,
            resumeID: firstResumeID(at: start.cursor, for: subscription), now: now, wallNow: wallNow)
        subscriber.cursorIsUnchecked = start.isUnchecked
        subscribers[id] = subscriber
        byUser[subscriber.user, default: []].append(subscriber)
        setWheel(subscriber, idleSince: now)
        var opening = ControlFrame.retry(jitteredRetry(), for: subscriber)
        opening += ControlFrame.connected(
            subscriber, at: start.resync == nil ? subscriber.resumeID : Self.named(subscription.start),
            oldest: extent.trimmedThrough, newest: newest(from: subscriber.resumeID),
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
            // Only the journal can tell whether it assigned an id below the ring. The same holds for an id beyond the
            // head: another loop may have sent an event that was not published here yet.
            if id < ring.floor || id > head { return (id, nil, true) }
            return ring.knows(id) ? (id, nil, false) : (oldest, .unknown, false)
        }
    }

    /// The id from which the client of a new stream can resume before it has received an event.
    private func firstResumeID(at cursor: EventID, for subscription: Subscription) -> EventID {
        switch subscription.start {
        case .live, .trusted: place(at: cursor, for: subscription.filter, of: subscription.audienceName)
        case .oldest, .after, .malformed: max(cursor, .beginning)
        }
    }

    /// The id that the client sent. A `connected` that precedes a `resync` repeats that id: if the connection breaks
    /// between the two, the client must learn of the gap when it reconnects.
    private static func named(_ start: Subscription.Start) -> EventID? {
        if case .after(let id) = start { id } else { nil }
    }

    /// Ends the program if the calling thread is not the one that created the hub, because that is always a bug.
    func preconditionIsOnOwnThread() {
        precondition(owner.isCurrent, "a hub was used on another thread than its own")
    }

    /// The same, and that the call does not come from within a delivery.
    func preconditionIsEntrance() {
        preconditionIsOnOwnThread()
        precondition(!isPublishing, "a hub was called from within its own delivery")
    }

    func resync(_ subscriber: Subscriber, _ reason: Resync.Reason) -> [UInt8] {
        counters.resyncs += 1
        let resync = Resync(reason: reason, oldest: extent.trimmedThrough)
        subscriber.outlet.willWrite(resync)
        return ControlFrame.resync(resync, for: subscriber)
    }

    /// Between 0.75 and 1.25 of the setting, so that the clients of one outage do not reconnect in one moment.
    func jitteredRetry() -> Int64 {
        let base = settings.retryMilliseconds
        return Int64.random(in: base * 3 / 4...base * 5 / 4, using: &random)
    }

    /// Ends a stream. Bytes that its outlet accepted are still sent; the rest is dropped.
    package func end(_ subscriber: Subscriber, _ reason: StreamEnd) {
        preconditionIsOnOwnThread()
        guard subscriber.state != .ended else { return }
        leaveHead(subscriber)
        subscriber.state = .ended
        subscriber.group.removeBehind(subscriber)
        dropHeld(for: subscriber)
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

    /// Ends a stream for a reason that its client does not know, and sends it a last frame with the reason if the
    /// outlet accepts that.
    /// - Parameter retryMilliseconds: when the client should reconnect; nil if it should not.
    package func close(_ subscriber: Subscriber, _ reason: StreamEnd, retryMilliseconds: Int64? = nil) {
        sendLast(ControlFrame.closing(subscriber, reason, retryMilliseconds: retryMilliseconds), to: subscriber, reason)
    }

    /// The stream of this id, if it is one of this hub's.
    package func subscriber(id: UInt64) -> Subscriber? { subscribers[id] }

    /// The streams of the users of this name, oldest first: of one issuer's user, or of all issuers' users.
    package func subscribers(of user: WireText, issuer: WireText? = nil) -> [Subscriber] {
        let named = byUser[user] ?? []
        guard let issuer else { return named }
        return named.filter { $0.principal.issuer == issuer }
    }

    /// Assigns a stream id: to a stream that ``subscribe(_:id:outlet:)`` is about to start, or to something that is
    /// listed with the streams but is not in this hub, such as a long poll.
    package func takeStreamID() -> UInt64 {
        defer { startedCount += 1 }
        return firstID + startedCount * idStride
    }

    /// Removes a live subscriber from its group. From now on its own cursor holds its position.
    func leaveHead(_ subscriber: Subscriber) {
        guard subscriber.state == .live else { return }
        liveCount -= 1
        subscriber.group.removeLive(subscriber)
        alone[subscriber.id] = nil
        subscriber.cursor = head
        subscriber.state = .queued
    }
}

/// Totals of a hub since it was created.
package struct HubCounters: Sendable {
    /// Streams that were started.
    package var accepted: UInt64 = 0
    /// Events written to subscribers, entirely or in part.
    package var deliveries: UInt64 = 0
    /// Ephemeral events written to subscribers, entirely or in part.
    package var ephemeralDeliveries: UInt64 = 0
    /// Ephemeral events that waited for a subscriber and were not written to it: a newer one took their place, there
    /// were too many, or the stream ended.
    package var ephemeralDropped: UInt64 = 0
    /// Bytes that outlets accepted.
    package var sentBytes: UInt64 = 0
    /// Writes that were cut short because the subscriber reads too slowly.
    package var shortWrites: UInt64 = 0
    /// Heartbeats written.
    package var heartbeats: UInt64 = 0
    /// `resync` events written.
    package var resyncs: UInt64 = 0
    /// Turns of subscribers behind the head that were served from the ring.
    package var ringReads: UInt64 = 0
    /// Pages of the journal requested.
    package var pageReads: UInt64 = 0
    /// Streams that ended, by reason.
    package var ended: [StreamEnd: UInt64] = [:]
}
