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
    public let user: WireText
    let group: Group
    /// Where its bytes go.
    public let outlet: any Outlet
    /// The owner's own sign on it; see ``Subscription/mark``.
    public internal(set) var mark: UInt64
    /// Every event up to here was sent, is in ``unsent``, or did not match. Without meaning while `live`.
    public internal(set) var cursor: EventID
    /// What must go out before the next event, and how many bytes of its first piece are gone already.
    var unsent: [Unsent] = []
    var unsentOffset = 0
    /// The page of the log that it is reading, while it has room for more.
    var page: LogPage?
    /// When something was written to it alone; see ``idleSince``.
    var lastWrite: Int64
    var remainingEvents: Int?
    let limitBytes: Int?
    var expiresAt: EpochMilliseconds?
    // Of one byte each, in a row and behind an optional: there they take the bytes that would be left unused.
    var state = State.queued
    /// Set until the log confirmed that the cursor the client named is one of its own.
    var cursorIsUnchecked = false
    var isQueued = false
    var isExpiryAnnounced = false
    let heartbeatIsEvent: Bool
    let endsWhenCaughtUp: Bool
    var wheelSlot: Int32 = -1
    var wheelIndex: Int32 = 0
    var groupIndex: Int32 = -1
    /// When it began, in seconds since 1970.
    let openedAtSeconds: UInt32
    /// What was sent to it alone; while it is live with its group, less what the group had brought when it joined.
    var ownSent = Sent()

    init(
        id: UInt64, subscription: Subscription, group: Group, outlet: any Outlet, cursor: EventID, now: Int64,
        wallNow: EpochMilliseconds
    ) {
        self.id = id
        user = subscription.user
        self.group = group
        self.outlet = outlet
        self.cursor = cursor
        mark = subscription.mark
        lastWrite = now
        openedAtSeconds = UInt32(clamping: wallNow / 1000)
        expiresAt = subscription.expiresAt
        heartbeatIsEvent = subscription.heartbeatIsEvent
        remainingEvents = subscription.limitEvents
        limitBytes = subscription.limitBytes
        endsWhenCaughtUp = subscription.endsWhenCaughtUp
    }

    /// Everything sent to it.
    private var sent: Sent { isWithGroup ? ownSent + group.sent : ownSent }

    /// Bytes that the outlet took.
    public var sentBytes: Int { sent.bytes }

    /// Events of the log written to it, in whole or begun.
    public var sentEvents: Int { sent.events }

    /// When something was last written to it, by itself or with its group.
    var idleSince: Int64 { isWithGroup ? max(lastWrite, group.lastWrite) : lastWrite }

    private var isWithGroup: Bool { groupIndex >= 0 }

    /// A subscriber that counts, or that ends when it has caught up, is served alone and never with its group.
    var isServedAlone: Bool { remainingEvents != nil || limitBytes != nil || endsWhenCaughtUp }

    /// True from the moment it ends.
    public var hasEnded: Bool { state == .ended }
}
