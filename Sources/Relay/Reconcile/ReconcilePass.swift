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
    private var corrections = 0
    private let began = SteadyTime.now()

    /// Failures in a row after which a pass gives up.
    private static let mostFailuresInARow = 3

    init(
        provider: any Reconcilable, api: ProviderAPI, relay: Relay, number: Int, isThorough: Bool,
        reconciliation: Reconciliation
    ) {
        self.provider = provider
        self.api = api
        self.relay = relay
        self.number = number
        self.isThorough = isThorough
        self.reconciliation = reconciliation
    }

    /// Runs the pass to its end.
    mutating func run() async {
        do throws(ReconcileFailure) { try await runOrFail() } catch { note(error) }
        report.end.nextConfirmation = reconciliation.nextConfirmation
    }

    private mutating func note(_ failure: ReconcileFailure) {
        // A room that closed between the list and the question is no failure of the provider's.
        let isGoneRoom = failure.outcome == .notFound && report.requests > 1
        if !isGoneRoom { report.end.isComplete = false }
        if let retry = failure.retryAfterMilliseconds { report.end.retryAfterMilliseconds = retry }
        guard report.outcome == .ok || report.outcome == .notFound && !isGoneRoom else { return }
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
        let toAsk = RoomsToAsk.choose(
            listed, relay: view, differing: reconciliation.differingRooms, pass: number, asksAll: isThorough)
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
        var failuresInARow = 0
        var rest = rooms[...]
        while !rest.isEmpty, !Task.isCancelled, !report.end.hasMore {
            // A provider that takes nearly its time for every answer must not keep one pass going for hours.
            guard SteadyTime.now() - began < Limits.reconcilePassMilliseconds else {
                throw ReconcileFailure(
                    .timeout, "the pass took longer than \(Limits.reconcilePassMilliseconds / 1000) s")
            }
            let chunk = Array(rest.prefix(Limits.reconcileRoomsAtOnce))
            rest = rest.dropFirst(chunk.count)
            let view = try read()
            let asked = SteadyTime.now()
            report.requests += chunk.count
            let answers = await presences(of: chunk)
            var answered: [(WireText, ListedRoom?)] = []
            for (room, answer) in zip(chunk, answers) {
                switch answer {
                case .success(let presence):
                    failuresInARow = 0
                    var room = room
                    room.presence = presence
                    answered.append((room.room.name, room))
                case .failure(let failure):
                    if failure.concernsAllRooms { throw failure }
                    note(failure)
                    failuresInARow = failure.outcome == .notFound ? 0 : failuresInARow + 1
                }
            }
            try await judge(answered, view, times(since: asked))
            guard failuresInARow < Self.mostFailuresInARow else { return }
        }
    }

    /// The participants of some rooms, asked over all connections.
    private func presences(of rooms: [ListedRoom]) async -> [Result<Presence, ReconcileFailure>] {
        let (api, provider) = (api, provider)
        return await withTaskGroup(of: [(Int, Result<Presence, ReconcileFailure>)].self) { group in
            for lane in 0..<api.lanes {
                group.addTask {
                    var results: [(Int, Result<Presence, ReconcileFailure>)] = []
                    for index in stride(from: lane, to: rooms.count, by: api.lanes) {
                        let room = rooms[index].room.name
                        let result = await Self.presence(of: room, provider, api, lane: lane)
                        results.append((index, result))
                    }
                    return results
                }
            }
            let none = Result<Presence, ReconcileFailure>.failure(ReconcileFailure(.unreachable, "it was not asked"))
            var all = Array(repeating: none, count: rooms.count)
            for await results in group {
                for (index, result) in results { all[index] = result }
            }
            return all
        }
    }

    private static func presence(
        of room: WireText, _ provider: any Reconcilable, _ api: ProviderAPI, lane: Int
    ) async -> Result<Presence, ReconcileFailure> {
        do throws(ReconcileFailure) {
            let answer = try await api.ask(.participants(room: room), lane: lane)
            do { return .success(try provider.participants(in: answer.body)) } catch { throw ReconcileFailure(error) }
        } catch {
            return .failure(error)
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
