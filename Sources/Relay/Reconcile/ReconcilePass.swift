internal import API
internal import Events
internal import Journal
internal import Platform
internal import Webhooks
internal import Wire

/// One pass over the rooms of one source: ask, compare, append.
struct ReconcilePass: Sendable {
    /// The relay's side of a pass.
    struct Relay: Sendable {
        /// The relay's rooms now, and how many more may be opened.
        let rooms: @Sendable () throws -> (rooms: RelayRooms, roomsLeft: Int)
        /// Appends drafts on one condition; nil if the journal does not take them.
        let append: @Sendable ([Draft], RoomCondition) async -> GroupOutcome?
        /// How far the provider's times lag behind the arrival of its webhooks, in milliseconds; nil if none came.
        let lag: @Sendable () -> Int64?
    }

    /// What came of a pass.
    struct Report: Sendable {
        var outcome = ReconcileOutcome.ok
        /// One sentence about the first failure.
        var problem: String?
        var end = ReconcileSchedule.PassEnd()
        /// Requests that were sent.
        var requests = 0
        /// Drafts that the journal took, by the type of their event.
        var appended: [EventType: Int] = [:]
    }

    let provider: any Reconcilable
    let api: ProviderAPI
    let relay: Relay
    /// The number of the pass.
    let number: Int
    let isThorough: Bool
    private(set) var reconciliation: Reconciliation
    private(set) var report = Report()
    /// Rooms whose questions failed. They are asked again in the next pass, behind all others.
    private(set) var unanswered: Set<WireText>
    private var corrections = 0
    private let began = SteadyTime.now()

    /// Failures in a row, of different rooms, after which a pass gives up.
    private static let mostTroubles = 3

    init(
        provider: any Reconcilable, api: ProviderAPI, relay: Relay, number: Int, isThorough: Bool,
        reconciliation: Reconciliation, unanswered: Set<WireText>
    ) {
        self.provider = provider
        self.api = api
        self.relay = relay
        self.number = number
        self.isThorough = isThorough
        self.reconciliation = reconciliation
        self.unanswered = unanswered
    }

    /// Runs the pass to its end.
    mutating func run() async {
        do throws(ReconcileFailure) { try await runOrFail() } catch {
            report.end.isAborted = true
            note(error, isOfOneRoom: false)
        }
        report.end.nextConfirmation = reconciliation.nextConfirmation
    }

    private mutating func note(_ failure: ReconcileFailure, isOfOneRoom: Bool) {
        // A room that closed between the list and the question is no failure of the provider's.
        let isGoneRoom = isOfOneRoom && failure.outcome == .notFound
        let isFirst = report.end.isComplete && (!isGoneRoom || report.outcome == .ok)
        if !isGoneRoom { report.end.isComplete = false }
        if let retry = failure.retryAfterMilliseconds { report.end.retryAfterMilliseconds = retry }
        guard isFirst else { return }
        report.outcome = failure.outcome
        report.problem = failure.problem
    }

    private mutating func runOrFail() async throws(ReconcileFailure) {
        let view = try read()
        let asked = SteadyTime.now()
        report.requests += 1
        let answer = try await api.ask(.rooms, lane: 0)
        let listed: [ListedRoom]
        do { listed = Self.unique(try provider.rooms(in: answer.body)) } catch { throw ReconcileFailure(error) }
        let times = times(since: asked)
        let names = Set(listed.map(\.room.name))
        // Before anything is judged, since what was missed there changes which rooms differ.
        let chosen = RoomsToAsk.choose(
            listed, relay: view, differing: reconciliation.differingRooms.union(unanswered), pass: number,
            asksAll: isThorough)
        let toAsk =
            chosen.filter { !unanswered.contains($0.room.name) } + chosen.filter { unanswered.contains($0.room.name) }
        unanswered.formIntersection(names)
        reconciliation.forget { names.contains($0) || view.open[$0] != nil }
        var answered: [(WireText, ListedRoom?)] = listed.filter { $0.presence != nil }.map { ($0.room.name, $0) }
        answered += view.open.keys.filter { !names.contains($0) }.sorted().map { ($0, nil) }
        try await judge(answered, view, times)
        try await askForParticipants(toAsk)
    }

    /// Providers name a room once. If one does not, the first entry counts.
    private static func unique(_ listed: [ListedRoom]) -> [ListedRoom] {
        var names: Set<WireText> = []
        return listed.filter { names.insert($0.room.name).inserted }
    }

    private mutating func read() throws(ReconcileFailure) -> RelayRooms {
        do {
            let (rooms, roomsLeft) = try relay.rooms()
            reconciliation.roomsLeft = roomsLeft
            return rooms
        } catch {
            throw ReconcileFailure(.journal, "the rooms could not be read: \(error)")
        }
    }

    private func times(since asked: SteadyTime) -> AskedTimes {
        let now = WallClock.now()
        // The earliest counts: what seems too young is confirmed by a second answer.
        let ahead = min(0, api.clockAhead ?? 0, -(relay.lag() ?? 0))
        return AskedTimes(asked: asked, answered: SteadyTime.now(), now: now, providerNow: now + ahead)
    }

    // MARK: Participants

    private mutating func askForParticipants(_ rooms: [ListedRoom]) async throws(ReconcileFailure) {
        var troubles = 0
        var rest = rooms[...]
        while !rest.isEmpty, !Task.isCancelled, !report.end.hasMore {
            // A provider that takes nearly its time for every answer must not keep one pass going for hours.
            guard SteadyTime.now() - began < Limits.reconcilePassMilliseconds else {
                throw ReconcileFailure(
                    .timeout, "the pass took longer than \(Limits.reconcilePassMilliseconds / 1000) s")
            }
            // The more rooms there are, the more it costs to read the relay's.
            let most = max(Limits.reconcileRoomsAtOnce, rooms.count / 100)
            let chunk = Array(rest.prefix(most))
            let view = try read()
            let asked = SteadyTime.now()
            let answers = await presences(of: chunk)
            var answered: [(WireText, ListedRoom?)] = []
            for (room, answer) in zip(chunk, answers) {
                guard let presence = try take(answer, of: room.room.name, &troubles) else { continue }
                var room = room
                room.presence = presence
                answered.append((room.room.name, room))
            }
            try await judge(answered, view, times(since: asked))
            rest = rest.dropFirst(answers.count)
        }
    }

    /// Takes the answer of one room; nil if it failed, which concerns this room alone.
    /// - Parameter troubles: failures in a row that may be the server's.
    private mutating func take(
        _ answer: Result<Presence, ReconcileFailure>, of room: WireText, _ troubles: inout Int
    ) throws(ReconcileFailure) -> Presence? {
        report.requests += 1
        switch answer {
        case .success(let presence):
            troubles = 0
            unanswered.remove(room)
            return presence
        case .failure(let failure):
            if failure.concernsAllRooms { throw failure }
            note(failure, isOfOneRoom: true)
            if failure.outcome != .notFound { unanswered.insert(room) }
            troubles = [.timeout, .serverError, .status].contains(failure.outcome) ? troubles + 1 : 0
            if troubles == Self.mostTroubles { throw failure }
            return nil
        }
    }

    /// The participants of the first of these rooms, asked over all connections: of all of them, unless their answers
    /// are so large that some should be judged first.
    private func presences(of rooms: [ListedRoom]) async -> [Result<Presence, ReconcileFailure>] {
        let (api, provider) = (api, provider)
        let next = Locked((index: 0, bytes: 0))
        return await withTaskGroup(of: [Int: Result<Presence, ReconcileFailure>].self) { group in
            for lane in 0..<api.lanes {
                group.addTask {
                    var results: [Int: Result<Presence, ReconcileFailure>] = [:]
                    while true {
                        let index = next.withLock { next -> Int? in
                            guard next.index < rooms.count, next.bytes < Limits.reconcileAnswerBytes else { return nil }
                            defer { next.index += 1 }
                            return next.index
                        }
                        guard let index else { return results }
                        let (presence, bytes) = await Self.presence(of: rooms[index].room.name, provider, api, lane)
                        next.withLock { $0.bytes += bytes }
                        results[index] = presence
                    }
                }
            }
            let all = await group.reduce(into: [:]) { $0.merge($1) { $1 } }
            // Rooms are asked in their order, so the answers have no gap.
            return (0..<all.count).compactMap { all[$0] }
        }
    }

    private static func presence(
        of room: WireText, _ provider: any Reconcilable, _ api: ProviderAPI, _ lane: Int
    ) async -> (Result<Presence, ReconcileFailure>, bytes: Int) {
        do throws(ReconcileFailure) {
            let answer = try await api.ask(.participants(room: room), lane: lane)
            let bytes = answer.body.count
            do { return (.success(try provider.participants(in: answer.body)), bytes) } catch {
                return (.failure(ReconcileFailure(error)), bytes)
            }
        } catch {
            return (.failure(error), 0)
        }
    }

    // MARK: Appending

    /// Judges rooms, and appends what was missed in them.
    private mutating func judge(
        _ rooms: [(name: WireText, listed: ListedRoom?)], _ view: RelayRooms, _ times: AskedTimes
    ) async throws(ReconcileFailure) {
        var waiting: [[Correction]] = []
        var count = 0
        for room in rooms {
            guard corrections < Limits.reconcilePassEvents else {
                report.end.hasMore = true
                break
            }
            let missed = Array(
                reconciliation.judge(room.name, listed: room.listed, relay: view, times: times)
                    .prefix(Limits.commitEvents))
            guard !missed.isEmpty else { continue }
            waiting.append(missed)
            count += missed.count
            corrections += missed.count
            guard count >= Limits.reconcileWaitingEvents else { continue }
            try await append(waiting)
            (waiting, count) = ([], 0)
        }
        try await append(waiting)
    }

    private mutating func append(_ groups: [[Correction]]) async throws(ReconcileFailure) {
        guard !groups.isEmpty, !Task.isCancelled else { return }
        let append = relay.append
        let outcomes = await withTaskGroup(of: (Int, GroupOutcome?).self) { tasks in
            for (index, group) in groups.enumerated() {
                guard let condition = group.first?.draft.condition else { continue }
                tasks.addTask { (index, await append(group.map(\.draft), condition)) }
            }
            return await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        var isRefused = false
        for (index, group) in groups.enumerated() {
            switch outcomes[index] {
            case .committed(let verdicts):
                for (correction, verdict) in zip(group, verdicts) {
                    reconciliation.settle(correction, .settled)
                    if verdict == .new { report.appended[correction.draft.event.type, default: 0] += 1 }
                }
            case .outdated: break
            case .failed, nil: isRefused = true
            }
        }
        if isRefused { throw ReconcileFailure(.journal, "the journal did not take the events") }
    }
}
