package import Events
package import Wire

/// Decides who is a member of which room. It does nothing itself: it says which events are to be appended, and is told
/// what became of them.
///
/// For each membership it knows what is wanted, from the streams that hold it and the state that its user chose, and
/// what the journal has. Where the two differ it orders one event; while that is under way further changes only change
/// what is wanted. So a user who comes and goes a hundred times in a second costs two events, and an event that the
/// journal refused is ordered again by the next ``tick(at:)``.
///
/// A member whose last stream ends stays for the grace. So do those who were in the journal at the start, whose streams
/// ended with the process before.
package struct Members: Sendable {
    struct Entry {
        /// Streams that hold it.
        var streams: Int32 = 0
        /// An event is on its way to the journal.
        var isUnderWay = false
        /// True until a stream holds it for the first time since the start.
        var isRestored = false
        /// What the journal has may differ from ``recorded`` in its state.
        var isUncertain = false
        /// Why it is to end, or has ended although streams hold it; nil while it is wanted.
        var end: MemberEnd?
        /// When the grace is over; nil if it has not begun.
        var deadline: SteadyTime?
        /// What the user shows.
        var state: JSONObject = [:]
        /// What the journal has; nil if the user is not a member there.
        var recorded: Member?
        /// Numbers of the changes that wait until nothing is to be done any more.
        var waiting: [UInt64] = []

        var isWanted: Bool { end == nil && (streams > 0 || deadline != nil) }
    }

    /// What is known of a user beside the memberships.
    struct User {
        var rooms = 0
        /// When the user's changes so far would all have been, had they come evenly spaced: in microseconds of
        /// ``SteadyTime``. See ``StreamCaps``.
        var evenlySpacedUntil: Int64 = .min
    }

    var rooms: [WireText: [Principal: Entry]] = [:]
    var users: [Principal: User] = [:]
    /// Ends of graces in the order of their beginnings. One that has lost its meaning stays until its time.
    var deadlines: [(time: SteadyTime, key: MemberKey)] = []
    var nextDeadline = 0
    /// Memberships of which something is to be ordered that could not be.
    var delayed: Set<MemberKey> = []
    private var underWay = 0
    private var orders: [MemberOrder] = []
    var answers: [(number: UInt64, answer: MemberAnswer)] = []
    /// True from ``beginDraining()`` on.
    var isDraining = false
    private let mostUnderWay: Int
    /// When something happened last.
    private var now: MemberTime

    /// No members.
    /// - Parameter mostUnderWay: how many events may be under way at a time; further ones wait for the next tick.
    package init(mostUnderWay: Int = Limits.memberEventsUnderWay, at now: MemberTime) {
        self.mostUnderWay = mostUnderWay
        self.now = now
    }

    // MARK: What is known

    /// How many memberships there are, those in their grace and those that are about to begin or end among them.
    package internal(set) var count = 0
    /// How many rooms have members.
    package var roomCount: Int { rooms.count }

    /// What has to be done since this was last asked: events to append, and changes whose answer is known.
    package mutating func takeEffects() -> (orders: [MemberOrder], answers: [(number: UInt64, answer: MemberAnswer)]) {
        defer {
            orders = []
            answers = []
        }
        return (orders, answers)
    }

    // MARK: What happens

    /// Takes the members that the journal has at the start of the process. Those whom no stream holds by the end of the
    /// grace leave.
    package mutating func start(_ states: [RoomState], _ settings: MemberSettings, at now: MemberTime) {
        self.now = now
        for state in states {
            for member in state.members.all {
                let key = MemberKey(room: state.room.name, principal: member.principal)
                guard self[key] == nil else { continue }
                insert(key)
                change(key) { entry in
                    entry.isRestored = true
                    entry.state = member.state
                    entry.recorded = member
                }
                beginGrace(key, settings, at: now)
            }
        }
    }

    /// A stream holds memberships from now on; all of them, or if it is refused none.
    /// - Parameter names: the rooms, none of them twice.
    package mutating func hold(
        _ names: [WireText], of principal: Principal, _ settings: MemberSettings, at now: MemberTime
    ) throws(MemberRefusal) {
        self.now = now
        let new = names.filter { rooms[$0]?[principal] == nil }
        guard (users[principal]?.rooms ?? 0) + new.count <= settings.roomsPerUser || new.isEmpty else {
            throw .tooManyRooms
        }
        guard new.allSatisfy({ (rooms[$0]?.count ?? 0) < settings.membersPerRoom }) else { throw .roomIsFull }
        for name in names {
            let key = MemberKey(room: name, principal: principal)
            if self[key] == nil { insert(key) }
            change(key) { entry in
                // One who has left and comes back begins anew; not one whose leave the journal did not take.
                if entry.end != nil, entry.recorded == nil || entry.isUnderWay { entry.state = [:] }
                entry.end = nil
                entry.deadline = nil
                entry.isRestored = false
                entry.streams += 1
            }
            advance(key)
        }
    }

    /// A stream that held these has ended.
    /// - Parameter isRevoked: true if it ended since its user or token was revoked: then there is no grace.
    package mutating func release(
        _ names: [WireText], of principal: Principal, isRevoked: Bool = false, _ settings: MemberSettings,
        at now: MemberTime
    ) {
        self.now = now
        for name in names {
            let key = MemberKey(room: name, principal: principal)
            guard let entry = self[key], entry.streams > 0 else { continue }
            change(key) { $0.streams -= 1 }
            guard entry.streams == 1 else { continue }
            if entry.end == nil, !isRevoked, entry.recorded != nil || entry.isUnderWay {
                beginGrace(key, settings, at: now)
            } else {
                change(key) { $0.end = $0.end ?? (isRevoked ? .revoked : .timeout) }
                advance(key)
            }
        }
    }

    /// A user shows another state. The answer for `number` comes with ``takeEffects()``, now or later.
    package mutating func put(
        _ state: JSONObject, _ key: MemberKey, number: UInt64, _ settings: MemberSettings, at now: MemberTime
    ) throws(MemberRefusal) {
        self.now = now
        guard let entry = self[key], entry.streams > 0 else { throw .notPresent }
        try takeTurn(key.principal, settings, at: now)
        change(key) { entry in
            entry.end = nil
            entry.state = state
            entry.waiting.append(number)
        }
        advance(key)
    }

    /// A user leaves although streams hold the room. The answer for `number` comes with ``takeEffects()``.
    package mutating func leave(
        _ key: MemberKey, number: UInt64, _ settings: MemberSettings, at now: MemberTime
    ) throws(MemberRefusal) {
        self.now = now
        guard self[key] != nil else { return answers.append((number, .absent)) }
        try takeTurn(key.principal, settings, at: now)
        change(key) { entry in
            entry.end = entry.end ?? .left
            entry.deadline = nil
            entry.waiting.append(number)
        }
        advance(key)
    }

    /// A user was revoked: the memberships that no stream holds end. Those that streams hold end with these.
    /// - Parameter issuer: nil for the users of this name of every issuer.
    package mutating func revoke(user: WireText, issuer: WireText?, at now: MemberTime) {
        self.now = now
        for (room, entries) in rooms {
            for (principal, entry) in entries
            where entry.streams == 0 && principal.user == user && (issuer ?? principal.issuer) == principal.issuer {
                let key = MemberKey(room: room, principal: principal)
                change(key) { entry in
                    entry.end = .revoked
                    entry.deadline = nil
                }
                advance(key)
            }
        }
    }

    /// The journal has ended the memberships of a room, because an administrator ordered it. Streams that hold it go on;
    /// their users are members again when they say so.
    package mutating func roomWasClosed(_ room: WireText, at now: MemberTime) {
        self.now = now
        for (principal, entry) in rooms[room] ?? [:] where entry.recorded != nil {
            let key = MemberKey(room: room, principal: principal)
            change(key) { entry in
                entry.end = .closed
                entry.deadline = nil
                // With an event under way the outcome tells.
                if !entry.isUnderWay { entry.recorded = nil }
            }
            advance(key)
        }
    }

    /// The process ends: its streams do, and their users come back to the next one. No grace ends any more.
    package mutating func beginDraining() { isDraining = true }

    /// Time has passed: graces end, and what could not be ordered is ordered.
    package mutating func tick(at now: MemberTime) {
        self.now = now
        endGraces(at: now)
        guard !delayed.isEmpty else { return }
        let keys = delayed
        delayed = []
        for key in keys { advance(key) }
    }

    /// An order has come to its end.
    package mutating func completed(_ order: MemberOrder, _ outcome: MemberOutcome, at now: MemberTime) {
        self.now = now
        underWay -= 1
        guard self[order.key] != nil else { return }
        change(order.key) { entry in
            entry.isUnderWay = false
            switch (outcome, order.type) {
            case (.failed, _): break
            case (.appended, .memberLeft), (.unneeded, .memberLeft), (.unneeded, .memberUpdated): entry.recorded = nil
            case (_, _):
                entry.recorded = order.member
                entry.isUncertain = outcome == .unneeded
            }
        }
        guard outcome == .failed else { return advance(order.key) }
        delayed.insert(order.key)
        answer(order.key, .failed)
    }

    // MARK: Decisions

    /// Orders the event by which the journal comes to what is wanted; without one, answers those who wait for that.
    mutating func advance(_ key: MemberKey) {
        guard let entry = self[key], !entry.isUnderWay else { return }
        switch (entry.isWanted, entry.recorded) {
        case (true, nil): order(.memberJoined, key, entry, since: nil)
        case (true, let recorded?) where entry.isUncertain || recorded.state != entry.state:
            order(.memberUpdated, key, entry, since: recorded.since)
        case (true, let recorded?): answer(key, .present(recorded))
        case (false, let recorded?): order(.memberLeft, key, entry, since: recorded.since)
        case (false, nil):
            answer(key, .absent)
            if entry.streams == 0 { remove(key) }
        }
    }

    private mutating func order(_ type: EventType, _ key: MemberKey, _ entry: Entry, since: WallTime?) {
        guard underWay < mostUnderWay else {
            delayed.insert(key)
            return
        }
        underWay += 1
        change(key) { $0.isUnderWay = true }
        let isLeave = type == .memberLeft
        let member = Member(
            principal: key.principal, state: isLeave ? entry.recorded?.state ?? [:] : entry.state,
            since: since ?? now.wall, streams: Int(entry.streams),
            leaveReason: isLeave ? (entry.end ?? .timeout).text : nil)
        orders.append(MemberOrder(key: key, type: type, member: member))
    }

    private mutating func answer(_ key: MemberKey, _ answer: MemberAnswer) {
        guard let waiting = self[key]?.waiting, !waiting.isEmpty else { return }
        change(key) { $0.waiting = [] }
        for number in waiting { answers.append((number, answer)) }
    }
}
