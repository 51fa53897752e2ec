import Access
import Events
import Journal
import TestSupport
import Wire

/// One run with members: users whose streams come and go, a journal that fails now and then, crashes, drains and
/// restarts, and viewers who fold the events from wherever they began.
final class MemberWorld {
    /// A user's own doing: what the relay should make of it in the end.
    private struct Doing {
        var streams = 0
        /// The last moment at which a stream of the user held the room.
        var lastHeld: SteadyTime?
        /// Whether the user has left although streams hold the room.
        var isOut = false
        var state: JSONObject = [:]
    }

    /// Someone who took a snapshot and follows from there.
    private struct Viewer {
        var position: EventID
        var members: [MemberKey: Member]
    }

    static let settings = MemberSettings(
        graceMilliseconds: 10_000, membersPerRoom: 4, roomsPerUser: 3, updatesPerSecond: 50)
    private var dice: SeededGenerator
    private var home: any JournalHome
    private let reopen: () throws -> any JournalHome
    private var members: Members
    private var queue: [MemberOrder] = []
    private var doings: [MemberKey: Doing] = [:]
    private var viewers: [Viewer] = []
    private var startedAt: SteadyTime
    private var now = MemberTime(steady: SteadyTime(milliseconds: 5_000_000), wall: 1_790_000_000_000)
    /// Since when the relay drains; nil while it does not.
    private var drainsSince: SteadyTime?
    private var nextNumber: UInt64 = 1
    private var fullDisk: (Bool) -> Void
    /// Joins and leaves that were committed: a run in which none comes proves nothing.
    private(set) var joins = 0
    private(set) var leaves: [WireText: Int] = [:]
    /// What was done, for a failure's report.
    private(set) var trace: [String] = []

    init(seed: UInt64, reopen: @escaping () throws -> any JournalHome) throws {
        dice = SeededGenerator(seed: seed)
        self.reopen = reopen
        home = try reopen()
        let memory = home as? MemoryHome
        fullDisk = { memory?.fillUp($0) }
        members = Members(mostUnderWay: 1 + dice.below(6), at: now)
        startedAt = now.steady
        for room in ["a", "b/ü", "c"] as [WireText] {
            for user in ["ada", "bob", "cleo", "dan", "eve"] as [WireText] {
                for issuer in (user == "ada" ? ["own", "idp"] : ["own"]) as [WireText] {
                    doings[MemberKey(room: room, principal: Principal(issuer: issuer, user: user))] = Doing()
                }
            }
        }
    }

    func run(steps: Int) throws {
        for _ in 0..<steps { try step() }
        try finish()
    }

    private func step() throws {
        let key = dice.pick(doings.keys.sorted { ($0.room, $0.principal.user) < ($1.room, $1.principal.user) })
        switch dice.below(100) {
        case 0..<28 where drainsSince == nil: hold(key)
        case 28..<46: release(key, isRevoked: dice.percent(4))
        case 46..<58: put(key)
        case 58..<62: leave(key)
        case 62..<78: try commit()
        case 78..<90: try pass(Int64(dice.below(4_000)))
        case 90..<92: fullDisk(dice.percent(40))
        case 92..<94: try look()
        case 94: _ = try home.upkeep()
        case 95: try restart(isCrash: true)
        case 96:
            drainsSince = drainsSince ?? now.steady
            members.beginDraining()
            note("drain")
        case 97 where drainsSince != nil: try restart(isCrash: false)
        default: try commit()
        }
        try take()
    }

    // MARK: What users do

    private func change(_ key: MemberKey, _ change: (inout Doing) -> Void) { change(&doings[key, default: Doing()]) }

    private func hold(_ key: MemberKey) {
        do {
            try members.hold([key.room], of: key.principal, Self.settings, at: now)
        } catch { return note("\(key.principal.user) may not come into \(key.room)") }
        note("\(key.principal.user) comes into \(key.room)")
        change(key) { doing in
            doing.streams += 1
            doing.isOut = false
            doing.lastHeld = now.steady
        }
    }

    private func release(_ key: MemberKey, isRevoked: Bool) {
        guard let doing = doings[key], doing.streams > 0 else { return }
        note("\(key.principal.user) ends a stream in \(key.room)")
        members.release([key.room], of: key.principal, isRevoked: isRevoked, Self.settings, at: now)
        change(key) { doing in
            doing.streams -= 1
            doing.lastHeld = now.steady
        }
    }

    private func put(_ key: MemberKey) {
        let state: JSONObject = ["n": .integer(Int64(dice.below(3)))]
        guard (try? members.put(state, key, number: nextNumber, Self.settings, at: now)) != nil else { return }
        nextNumber += 1
        note("\(key.principal.user) shows another state in \(key.room)")
        change(key) { doing in
            doing.state = state
            doing.isOut = false
        }
    }

    private func leave(_ key: MemberKey) {
        guard (try? members.leave(key, number: nextNumber, Self.settings, at: now)) != nil else { return }
        nextNumber += 1
        note("\(key.principal.user) leaves \(key.room)")
        change(key) { $0.isOut = true }
    }

    // MARK: What the relay does

    /// Takes what was decided. A leave by the clock must be of someone who was away for the whole grace.
    private func take() throws {
        let orders = members.takeEffects().orders
        for order in orders where order.type == .memberLeft {
            let grace = Int64(Self.settings.graceMilliseconds)
            let reason = order.member.leaveReason
            guard reason == "timeout" || reason == "restart" else { continue }
            let doing = doings[order.key] ?? Doing()
            let since = max(doing.lastHeld ?? startedAt, reason == "restart" ? startedAt : .distantPast)
            // What was due before the relay began to drain may be ordered later, if the journal did not take it.
            guard doing.streams == 0, (drainsSince ?? now.steady) - since >= grace else {
                throw Failure("\(order.key.principal.user) leaves \(order.key.room) by \(reason ?? "") too soon")
            }
        }
        queue += orders
    }

    private func commit() throws {
        guard !queue.isEmpty else { return }
        let batch = Array(queue.prefix(1 + dice.below(queue.count)))
        queue.removeFirst(batch.count)
        do {
            let commit = try home.append(batch.map { $0.draft(now: now.wall) }, now: now.wall)
            note("commit \(commit.events.map { "\($0.event.type.rawValue) \($0.event.member?.principal.user ?? "")" })")
            if commit.verdicts.contains(where: { $0 != .new }) { throw Failure("an order changed nothing") }
            for logged in commit.events { try view(logged) }
            try compare()
            for order in batch { members.completed(order, .appended, at: now) }
        } catch let error as JournalError {
            note("no commit: \(error)")
            for order in batch { members.completed(order, .failed, at: now) }
        }
        try take()
    }

    private func pass(_ milliseconds: Int64) throws {
        now = MemberTime(
            steady: now.steady + milliseconds, wall: now.wall + (dice.percent(10) ? -milliseconds : milliseconds))
        for key in doings.keys where doings[key]?.streams ?? 0 > 0 { change(key) { $0.lastHeld = now.steady } }
        members.tick(at: now)
        try take()
    }

    /// The process ends, at once or after all that is under way; its streams end with it.
    private func restart(isCrash: Bool) throws {
        note(isCrash ? "crash" : "restart")
        if !isCrash {
            fullDisk(false)
            while !queue.isEmpty { try commit() }
        }
        queue = []
        drainsSince = nil
        try home.close()
        home = try reopen()
        let present = try present()
        for key in doings.keys {
            change(key) { doing in
                if doing.streams > 0 { doing.lastHeld = now.steady }
                doing.streams = 0
                doing.isOut = false
                // A change that was not committed, and so not answered, is lost.
                doing.state = present[key]?.state ?? [:]
            }
        }
        startedAt = now.steady
        members = Members(mostUnderWay: 1 + dice.below(6), at: now)
        members.start(try home.rooms(), Self.settings, at: now)
        try take()
    }

    private func note(_ text: String) { trace.append("\(now.steady.milliseconds) \(text)") }

    // MARK: What others see

    private func present() throws -> [MemberKey: Member] {
        var present: [MemberKey: Member] = [:]
        for room in try home.rooms() {
            if room.members.isEmpty { throw Failure("a room without members is there") }
            for member in room.members.all {
                present[MemberKey(room: room.room.name, principal: member.principal)] = member
            }
        }
        return present
    }

    private func look() throws {
        viewers.append(Viewer(position: try home.extent().head, members: try present()))
    }

    private func view(_ logged: JournalEvent) throws {
        guard let member = logged.event.member, let room = logged.event.room else { throw Failure("no member") }
        let key = MemberKey(room: room, principal: member.principal)
        if logged.event.type == .memberJoined { joins += 1 }
        if let reason = member.leaveReason { leaves[reason, default: 0] += 1 }
        for index in viewers.indices {
            guard logged.id > viewers[index].position else { throw Failure("\(logged.id) comes twice") }
            viewers[index].position = logged.id
            let known = viewers[index].members[key]
            guard (known == nil) == (logged.event.type == .memberJoined) else {
                throw Failure("\(logged.event.type.rawValue) of \(member.principal.user) out of turn")
            }
            viewers[index].members[key] = logged.event.type == .memberLeft ? nil : member
        }
    }

    private func compare() throws {
        let present = try present()
        for viewer in viewers where viewer.members != present { throw Failure("a view differs from the relay's") }
    }

    /// Lets everything come to rest: then just those are present whose streams say so, with the state they show.
    private func finish() throws {
        note("finish")
        fullDisk(false)
        if drainsSince != nil || dice.percent(50) { try restart(isCrash: dice.percent(50)) }
        for key in doings.keys where dice.percent(30) { hold(key) }
        try look()
        for _ in 0..<40 {
            try pass(1_000)
            while !queue.isEmpty { try commit() }
        }
        let present = try present()
        for (key, doing) in doings {
            // One who began to drain has no successor in this run.
            let isWanted = doing.streams > 0 && !doing.isOut
            guard (present[key] != nil) == isWanted else {
                throw Failure("\(key.principal.user) \(isWanted ? "is not" : "is") in \(key.room)")
            }
            // After a new beginning the state begins anew; a change that was made since counts.
            guard isWanted, doing.state != [:], let state = present[key]?.state else { continue }
            guard state == doing.state || state == [:] else { throw Failure("\(key.principal.user) shows \(state)") }
        }
        let held = doings.values.count { $0.streams > 0 }
        if members.count != held { throw Failure("memberships are left over") }
    }
}
