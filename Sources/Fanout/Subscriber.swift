public import Events

/// One stream: a cursor over the log and an outlet. It belongs to one ``Hub``, on one thread.
public final class Subscriber {
    /// How the cursor stands to the log.
    enum State {
        /// At the head, with nothing unsent: events reach it together with its group.
        case live
        /// Behind the head; it has room and waits for its turn.
        case queued
        /// Its outlet takes nothing at the moment.
        case blocked
        /// A page of the log is being read for it.
        case reading
        /// It was given an id that this hub's head has yet to reach.
        case ahead
        case ended
    }

    /// Part of a frame, or several, that the outlet did not take. An event is held by reference: a stalled
    /// subscriber costs no copy.
    enum Unsent {
        case event(LoggedEvent)
        case bytes(SharedBytes)
    }

    /// The stream's number within the process, told in `connected`.
    public let id: UInt64
    /// Whose token opened it.
    public let principal: Principal
    /// The user whose token opened it.
    public var user: WireText { principal.user }
    let group: Group
    /// Where its bytes go.
    public let outlet: any Outlet
    /// The owner's own sign on it; see ``Subscription/mark``.
    public internal(set) var mark: UInt64
    /// Every event up to here was sent, is in ``unsent``, or did not match. Without meaning while `live`.
    public internal(set) var cursor: EventID
    /// What the client may name when it comes back, as far as this stream has told it: the last event that was sent to
    /// it alone, or a place. See ``Hub/place(of:)``.
    var told: EventID
    /// What must go out before the next event, and how many bytes of its first piece are gone already.
    var unsent: [Unsent] = []
    var unsentOffset = 0
    /// The page of the log that it is reading, while it has room for more.
    var page: LogPage?
    /// When something was written to it alone; see ``idleSince``.
    var lastWrite: SteadyTime
    // The members from here on are in an order that leaves no bytes unused: those of one byte stand behind optionals,
    // and counters are half as wide as elsewhere. There are thousands of streams.
    var remainingEvents: Int32?
    var state = State.queued
    /// Set until the log confirmed that the cursor the client named is one of its own.
    var cursorIsUnchecked = false
    var isQueued = false
    let limitBytes: Int32?
    var isExpiryAnnounced = false
    /// The last chunk is sent, or is in ``unsent``: nothing may follow it.
    var hasLastChunk = false
    /// Whether events with an audience may name its user.
    public let isAddressable: Bool
    /// When it began, in seconds of ``SteadyTime``.
    let openedAtSteadySeconds: UInt32
    var wheelSlot: Int32 = -1
    var wheelIndex: Int32 = 0
    var groupIndex: Int32 = -1
    var expiresAt: WallTime?
    let heartbeatIsEvent: Bool
    let endsWhenCaughtUp: Bool
    /// When it began, in seconds since 1970.
    let openedAtSeconds: UInt32
    /// What was sent to it alone; while it is live with its group, less what the group had brought when it joined.
    var ownSent = Sent()

    init(
        id: UInt64, subscription: Subscription, group: Group, outlet: any Outlet, cursor: EventID, told: EventID,
        now: SteadyTime, wallNow: WallTime
    ) {
        self.id = id
        principal = subscription.principal
        isAddressable = subscription.isAddressable
        self.group = group
        self.outlet = outlet
        self.cursor = cursor
        self.told = told
        mark = subscription.mark
        lastWrite = now
        openedAtSteadySeconds = UInt32(clamping: now.milliseconds / 1000)
        openedAtSeconds = UInt32(clamping: wallNow / 1000)
        expiresAt = subscription.expiresAt
        heartbeatIsEvent = subscription.heartbeatIsEvent
        remainingEvents = subscription.limitEvents.map { Int32(clamping: $0) }
        limitBytes = subscription.limitBytes.map { Int32(clamping: $0) }
        endsWhenCaughtUp = subscription.endsWhenCaughtUp
    }

    /// The name by which an audience includes it; nil for none.
    var audienceName: WireText? { isAddressable ? user : nil }

    /// Everything sent to it.
    private var sent: Sent { isWithGroup ? ownSent + group.sent : ownSent }

    /// Bytes that the outlet took.
    public var sentBytes: Int { sent.bytes }

    /// Events of the log written to it, in whole or begun.
    public var sentEvents: Int { sent.events }

    /// When something was last written to it, by itself or with its group.
    var idleSince: SteadyTime { isWithGroup ? max(lastWrite, group.lastWrite) : lastWrite }

    /// The last event that was written to it with its group, or before it joined.
    var lastGroupEvent: EventID { isWithGroup ? group.lastEvent : .zero }

    private var isWithGroup: Bool { groupIndex >= 0 }

    /// A subscriber that counts, or that ends when it has caught up, is served alone and never with its group.
    var isServedAlone: Bool { remainingEvents != nil || limitBytes != nil || endsWhenCaughtUp }

    /// True from the moment it ends.
    public var hasEnded: Bool { state == .ended }
}
