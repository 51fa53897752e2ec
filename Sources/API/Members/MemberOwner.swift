package import Access
package import Events
package import Journal
internal import Platform
internal import Wire

/// The memberships of all loops' streams: it has ``Members`` decide, hands what that orders to the journal, and brings
/// the answers to the requests that wait for them.
///
/// Loops call it on their threads, and the journal's writer with what became of events. Nothing is done under the lock
/// but deciding.
package final class MemberOwner: Sendable {
    fileprivate struct State {
        var members: Members
        /// The journal; nil before ``start(_:writer:_:)``.
        var writer: JournalWriter?
        var waiting: [UInt64: @Sendable (MemberAnswer) -> Void] = [:]
        var nextNumber: UInt64 = 1
        var reading = MemberReading()
    }

    private let state: Locked<State>

    /// No memberships.
    init() {
        state = Locked(State(members: Members(at: .now())))
    }

    /// Begins with what the journal has.
    /// - Parameter rooms: every open room, of members or not.
    package func start(_ rooms: [RoomState], writer: JournalWriter, _ settings: MemberSettings) {
        change { state in
            state.writer = writer
            state.members.start(rooms.filter { !$0.members.isEmpty }, settings, at: .now())
        }
    }

    /// A stream holds memberships, all of them or none; see ``Members/hold(_:of:_:at:)``.
    func hold(_ hold: MemberHold, _ settings: MemberSettings) throws(MemberRefusal) {
        try change { state throws(MemberRefusal) in
            try state.members.hold(hold.rooms, of: hold.principal, settings, at: .now())
        }
    }

    /// A stream that held memberships has ended.
    func release(_ hold: MemberHold, isRevoked: Bool, _ settings: MemberSettings) {
        change { $0.members.release(hold.rooms, of: hold.principal, isRevoked: isRevoked, settings, at: .now()) }
    }

    /// A user shows another state. `done` is called once, on any thread, when the journal has it, or does not take it.
    func put(
        _ value: JSONObject, _ key: MemberKey, _ settings: MemberSettings,
        done: @escaping @Sendable (MemberAnswer) -> Void
    ) throws(MemberRefusal) {
        try change { state throws(MemberRefusal) in
            let number = state.nextNumber
            try state.members.put(value, key, number: number, settings, at: .now())
            state.wait(number, done)
        }
    }

    /// A user leaves although streams hold the room. `done` is called as for a state.
    func leave(
        _ key: MemberKey, _ settings: MemberSettings, done: @escaping @Sendable (MemberAnswer) -> Void
    ) throws(MemberRefusal) {
        try change { state throws(MemberRefusal) in
            let number = state.nextNumber
            try state.members.leave(key, number: number, settings, at: .now())
            state.wait(number, done)
        }
    }

    /// A user was revoked; see ``Members/revoke(user:issuer:at:)``.
    func revoke(_ subject: Revocations.Subject) {
        // Of a token it is not known whose grace it began; its streams end with their holds.
        guard case .user(let user, let issuer) = subject else { return }
        change { $0.members.revoke(user: user, issuer: issuer, at: .now()) }
    }

    /// The journal has ended the memberships of a room, because an administrator ordered it.
    func roomWasClosed(_ room: WireText) {
        change { $0.members.roomWasClosed(room, at: .now()) }
    }

    /// The relay stops: streams that end from now on end no membership.
    package func beginDraining() { change { $0.members.beginDraining() } }

    /// Time has passed; for a few times a second.
    package func tick() { change { $0.members.tick(at: .now()) } }

    /// Counts a refusal.
    func count(_ reason: PresenceRefusal.Reason) { state.withLock { $0.reading.refusals[reason, default: 0] += 1 } }

    /// What there is, for the metrics page.
    package var reading: MemberReading {
        state.withLock { state in
            var reading = state.reading
            reading.members = state.members.count
            reading.rooms = state.members.roomCount
            return reading
        }
    }

    // MARK: Effects

    /// Changes the state, and then does what that brings about.
    private func change<Failure: Error>(_ body: (inout State) throws(Failure) -> Void) throws(Failure) {
        let effects = try state.withLock { state throws(Failure) -> Effects in
            try body(&state)
            return state.takeEffects()
        }
        carryOut(effects)
    }

    private func carryOut(_ effects: Effects) {
        for answer in effects.answers { answer() }
        guard let writer = effects.writer else {
            // Tried again at the next tick, when there is a journal.
            for order in effects.orders { completed(order, .failed) }
            return
        }
        for order in effects.orders {
            let isTaken = writer.submit(order.draft(now: WallClock.now())) { [self] outcome in
                switch outcome {
                case .committed(let isDuplicate): completed(order, isDuplicate ? .unneeded : .appended)
                case .failed: completed(order, .failed)
                }
            }
            if !isTaken { completed(order, .failed) }
        }
    }

    private func completed(_ order: MemberOrder, _ outcome: MemberOutcome) {
        change { state in
            state.reading.count(order, outcome)
            state.members.completed(order, outcome, at: .now())
        }
    }

    /// What is to be done after a change, outside of the lock.
    fileprivate struct Effects {
        let orders: [MemberOrder]
        let answers: [@Sendable () -> Void]
        let writer: JournalWriter?
    }
}

extension MemberOwner.State {
    fileprivate mutating func wait(_ number: UInt64, _ done: @escaping @Sendable (MemberAnswer) -> Void) {
        nextNumber += 1
        waiting[number] = done
    }

    fileprivate mutating func takeEffects() -> MemberOwner.Effects {
        let (orders, answers) = members.takeEffects()
        var calls: [@Sendable () -> Void] = []
        for (number, answer) in answers {
            guard let done = waiting.removeValue(forKey: number) else { continue }
            calls.append { done(answer) }
        }
        return MemberOwner.Effects(orders: orders, answers: calls, writer: writer)
    }
}

extension MemberTime {
    /// The time that it is.
    static func now() -> MemberTime { MemberTime(steady: SteadyTime.now(), wall: WallClock.now()) }
}

/// The memberships that one stream holds.
struct MemberHold: Sendable, Equatable {
    /// The rooms' names, none of them twice.
    let rooms: [WireText]
    /// Whose they are.
    let principal: Principal
}
