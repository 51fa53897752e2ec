package import Events
package import Wire

/// One stream: a cursor over the journal and an outlet. It belongs to one ``Hub``, on one thread.
package final class Subscriber {
    /// The state of the cursor.
    enum State {
        /// At the head, with nothing unsent: events are written to it together with its group.
        case live
        /// Behind the head; its outlet accepts bytes, and it waits for its turn.
        case queued
        /// Its outlet accepts no bytes at the moment.
        case blocked
        /// A page of the journal is being read for it.
        case reading
        /// Its cursor is an id that this hub's head has yet to reach.
        case ahead
        case ended
    }

    /// Bytes that the outlet has not accepted yet. An event is held by reference, so a stalled subscriber costs no
    /// copy.
    enum Unsent {
        case event(JournalEvent)
        case bytes(SharedBytes)
    }

    /// The stream's number within the process, told in `connected`.
    package let id: UInt64
    /// The user and issuer of the token that opened it.
    package let principal: Principal
    /// The user whose token opened it.
    package var user: WireText { principal.user }
    let group: Group
    /// The destination of its bytes.
    package let outlet: any Outlet
    /// A number set by the caller; see ``Subscription/mark``.
    package internal(set) var mark: UInt64
    /// Every event up to here was sent, is in ``unsent``, or did not match. Meaningless while `live`.
    package internal(set) var cursor: EventID
    /// The id with which the client can resume, as far as this stream has reported it: the last event that was sent to
    /// it alone, or a place. See ``Hub/place(of:)``.
    var resumeID: EventID
    /// The pieces to send before the next event, and how many bytes of the first are sent already.
    var unsent: [Unsent] = []
    var unsentOffset = 0
    /// The page of the journal from which it is served, while its outlet accepts bytes.
    var page: JournalPage?
    /// When something was written to it alone; see ``idleSince``.
    var lastWrite: SteadyTime
    // The properties from here on are ordered so that no padding is left between them (those of one byte follow the
    // optionals), and counters are half as wide as elsewhere: there are thousands of streams.
    var remainingEvents: Int32?
    var state = State.queued
    /// True until the journal has confirmed that the cursor sent by the client is one of its own ids.
    var cursorIsUnchecked = false
    var isQueued = false
    let limitBytes: Int32?
    var isExpiryAnnounced = false
    /// True once the last chunk is sent or in ``unsent``: nothing may follow it.
    var hasLastChunk = false
    /// Whether an event's audience can include its user.
    package let isAddressable: Bool
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
    /// Totals sent to it alone. While it is live, minus the group's totals when it joined.
    var ownSent = Sent()

    init(
        id: UInt64, subscription: Subscription, group: Group, outlet: any Outlet, cursor: EventID, resumeID: EventID,
        now: SteadyTime, wallNow: WallTime
    ) {
        self.id = id
        principal = subscription.principal
        isAddressable = subscription.isAddressable
        self.group = group
        self.outlet = outlet
        self.cursor = cursor
        self.resumeID = resumeID
        mark = subscription.mark
        lastWrite = now
        openedAtSteadySeconds = UInt32(clamping: now.milliseconds / 1000)
        openedAtSeconds = UInt32(clamping: wallNow.milliseconds / 1000)
        expiresAt = subscription.expiresAt
        heartbeatIsEvent = subscription.heartbeatIsEvent
        remainingEvents = subscription.limitEvents.map { Int32(clamping: $0) }
        limitBytes = subscription.limitBytes.map { Int32(clamping: $0) }
        endsWhenCaughtUp = subscription.endsWhenCaughtUp
    }

    /// The name by which an audience includes it; nil for none.
    var audienceName: WireText? { isAddressable ? user : nil }

    /// Totals sent to it, alone and with its group.
    private var sent: Sent { isWithGroup ? ownSent + group.sent : ownSent }

    /// Bytes that the outlet accepted.
    package var sentBytes: Int { sent.bytes }

    /// Events of the journal written to it, entirely or in part.
    package var sentEvents: Int { sent.events }

    /// When something was last written to it, alone or with its group.
    var idleSince: SteadyTime { isWithGroup ? max(lastWrite, group.lastWrite) : lastWrite }

    /// The last event that was written to it with its group, or before it joined.
    var lastGroupEvent: EventID { isWithGroup ? group.lastEvent : .zero }

    private var isWithGroup: Bool { groupIndex >= 0 }

    /// True for a subscriber with a limit, or one that ends when it has caught up: it is never written to with its
    /// group.
    var isServedAlone: Bool { remainingEvents != nil || limitBytes != nil || endsWhenCaughtUp }

    /// True from the moment it ends.
    package var hasEnded: Bool { state == .ended }
}
