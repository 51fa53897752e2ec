package import Events
package import Platform
package import Wire

/// What became of a draft that was submitted.
package enum AppendOutcome: Sendable, Equatable {
    /// It is durable; or one with its key was before, and nothing was appended.
    case committed(duplicate: Bool)
    /// It is not in the log; the sender should try again.
    case failed(JournalError)
}

/// What became of a group of drafts that was submitted under one condition.
package enum GroupOutcome: Sendable, Equatable {
    /// The condition held: each draft is durable, or was there before. `new` or `duplicate` for each, in order.
    case committed([DraftVerdict])
    /// The condition did not hold: none of the drafts was appended.
    case outdated
    /// None of them is in the journal; the sender should try again.
    case failed(JournalError)
}

/// The one thread that appends. Whatever waits goes into one transaction, so that under load many webhooks share
/// the price of one commit, and a single one waits for nobody.
///
/// It must be stopped before it is let go of: its thread keeps it.
package final class JournalWriter: Sendable {
    /// Drafts that go into one transaction, and what to call with their verdicts.
    private enum Pending: Sendable {
        case draft(Draft, @Sendable (AppendOutcome) -> Void)
        case group([Draft], @Sendable (GroupOutcome) -> Void)

        var count: Int {
            switch self {
            case .draft: 1
            case .group(let drafts, _): drafts.count
            }
        }

        var rawBytes: Int {
            switch self {
            case .draft(let draft, _): draft.raw?.count ?? 0
            case .group(let drafts, _): drafts.reduce(0) { $0 + ($1.raw?.count ?? 0) }
            }
        }

        func append(to drafts: inout [Draft]) {
            switch self {
            case .draft(let draft, _): drafts.append(draft)
            case .group(let group, _): drafts += group
            }
        }

        /// - Parameter verdicts: those of its drafts.
        func complete(_ verdicts: ArraySlice<DraftVerdict>) {
            switch self {
            case .draft(_, let completion): completion(.committed(duplicate: verdicts.first == .duplicate))
            case .group(_, let completion):
                completion(verdicts.first == .outdated ? .outdated : .committed(Array(verdicts)))
            }
        }

        func fail(_ fault: JournalError) {
            switch self {
            case .draft(_, let completion): completion(.failed(fault))
            case .group(_, let completion): completion(.failed(fault))
            }
        }
    }

    /// Asks whether the log takes events.
    private struct Probe: Sendable {
        let draft: Draft
        let completion: @Sendable (JournalError?) -> Void
    }

    private struct State: Sendable {
        var queue: [Pending] = []
        var probe: Probe?
        /// How many are queued or in the writer's hands.
        var waiting = 0
        var isStopping = false
        var isStopped = false
        var counters = JournalCounters()
    }

    private enum Work {
        case drafts([Pending])
        case probe(Probe)
        case nothing
        case stop
    }

    private let home: any JournalHome
    private let clock: @Sendable () -> WallTime
    private let steady: @Sendable () -> SteadyTime
    private let onCommit: @Sendable (Commit) -> Void
    private let onFault: @Sendable (JournalError) -> Void
    private let onClockJump: @Sendable (ClockJump) -> Void
    private let state = Monitor(State())

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - home: where to append; from now on this writer alone does, and it closes it when it stops.
    ///   - clock: the time, in milliseconds since 1970.
    ///   - steady: milliseconds since some moment, by a clock that nothing sets: stale rooms are looked for by it.
    ///   - onCommit: called on the writer's thread after each commit that brought something, before the completions
    ///     of its drafts: who is answered 200 is fanned out already. Also, without events, when retention has
    ///     removed some.
    ///   - onFault: called on the writer's thread when looking after the log failed. Failed appends are told to
    ///     their completions instead.
    ///   - onClockJump: called on the writer's thread when the home has noticed a step of the wall clock.
    package init(
        home: any JournalHome, clock: @escaping @Sendable () -> WallTime,
        steady: @escaping @Sendable () -> SteadyTime = SteadyTime.now,
        onCommit: @escaping @Sendable (Commit) -> Void, onFault: @escaping @Sendable (JournalError) -> Void = { _ in },
        onClockJump: @escaping @Sendable (ClockJump) -> Void = { _ in }
    ) throws(SystemError) {
        self.home = home
        self.clock = clock
        self.steady = steady
        self.onCommit = onCommit
        self.onFault = onFault
        self.onClockJump = onClockJump
        try NamedThread.start(name: "journal") { self.run() }
    }

    /// Hands over a draft; `completion` is called on the writer's thread and must be quick. False, and no call, when
    /// ``Limits/waitingAppends`` are waiting or the writer is stopping: the sender should come back later.
    package func submit(_ draft: Draft, completion: @escaping @Sendable (AppendOutcome) -> Void) -> Bool {
        precondition(draft.condition == nil, "a draft with a condition is submitted as a group")
        return state.change { state in
            guard !state.isStopping, state.waiting < Limits.waitingAppends else { return false }
            state.queue.append(.draft(draft, completion))
            state.waiting += 1
            return true
        }
    }

    /// Hands over drafts that are appended in one transaction if the condition holds, and else not at all: see
    /// ``Draft/condition``, which this sets. `completion` is called on the writer's thread and must be quick. False, and
    /// no call, when the writer takes no more drafts, or if these are none or more than ``Limits/commitEvents``.
    package func submit(
        _ drafts: [Draft], on condition: RoomCondition, completion: @escaping @Sendable (GroupOutcome) -> Void
    ) -> Bool {
        guard !drafts.isEmpty, drafts.count <= Limits.commitEvents else { return false }
        let group = drafts.map { draft in
            var draft = draft
            draft.condition = condition
            return draft
        }
        return state.change { state in
            guard !state.isStopping, state.waiting + group.count <= Limits.waitingAppends else { return false }
            state.queue.append(.group(group, completion))
            state.waiting += group.count
            return true
        }
    }

    /// Has the log shown to take events, behind what waits already: see ``JournalHome/probe(_:now:)``. `completion` is
    /// called on the writer's thread. False, and no call, while another probe waits or the writer is stopping.
    package func probe(_ draft: Draft, completion: @escaping @Sendable (JournalError?) -> Void) -> Bool {
        state.change { state in
            guard !state.isStopping, state.probe == nil else { return false }
            state.probe = Probe(draft: draft, completion: completion)
            return true
        }
    }

    /// Finishes what waits, saves the rooms, closes the home, and returns when that is done. Not from the writer's
    /// own thread.
    package func stop() {
        state.change { $0.isStopping = true }
        _ = state.wait { $0.isStopped ? true : nil }
    }

    /// What was done so far.
    package var counters: JournalCounters {
        state.withLock { state in
            var counters = state.counters
            counters.waiting = state.waiting
            return counters
        }
    }

    private func run() {
        var upkeep = UpkeepPace(now: SteadyTime.now())
        var pace = CommitPace()
        var stale = StaleRoomPace(now: steady())
        measure()
        while true {
            pace.wait()
            switch next(waitMilliseconds: upkeep.hasMore || stale.hasMore ? 0 : Limits.upkeepMilliseconds) {
            case .drafts(let drafts):
                pace.begin(drafts: drafts.reduce(0) { $0 + $1.count })
                var rest = drafts[...]
                while !rest.isEmpty {
                    let batch = Self.batch(of: rest)
                    upkeep.appended += commit(batch)
                    settle()
                    rest = rest.dropFirst(batch.count)
                    lookAfterLog(&upkeep, isIdle: false)
                }
                // Here too, or a writer that never rests would seem not to write.
                if let probe = takeProbe() { run(probe) }
            case .probe(let probe): run(probe)
            case .nothing: lookAfterLog(&upkeep, isIdle: true)
            case .stop: return close()
            }
            upkeep.appended += finishStaleRooms(&stale)
        }
    }

    private func next(waitMilliseconds: Int) -> Work {
        state.wait(milliseconds: waitMilliseconds) { state in
            if !state.queue.isEmpty {
                defer { state.queue = [] }
                return .drafts(state.queue)
            }
            if let probe = state.probe {
                state.probe = nil
                return .probe(probe)
            }
            return state.isStopping ? .stop : nil
        } ?? .nothing
    }

    /// What of the drafts that wait goes into one transaction: at least one.
    private static func batch(of drafts: ArraySlice<Pending>) -> ArraySlice<Pending> {
        var count = 0
        var bytes = 0
        let batch = drafts.prefix { pending in
            count += pending.count
            bytes += pending.rawBytes
            return count <= Limits.commitEvents && bytes <= Limits.commitBytes
        }
        return batch.isEmpty ? drafts.prefix(1) : batch
    }

    /// Appends a batch and tells everybody; returns how many events it brought.
    private func commit(_ batch: ArraySlice<Pending>) -> Int {
        let began = ContinuousClock.now
        var drafts: [Draft] = []
        drafts.reserveCapacity(batch.count)
        for pending in batch { pending.append(to: &drafts) }
        let result = Result { try home.append(drafts, now: clock()) }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        state.withLock { state in
            state.waiting -= drafts.count
            state.counters.count(result, drafts: drafts.count, seconds: seconds)
        }
        switch result {
        case .success(let commit):
            if !commit.events.isEmpty { onCommit(commit) }
            var rest = commit.verdicts[...]
            for pending in batch {
                pending.complete(rest.prefix(pending.count))
                rest = rest.dropFirst(pending.count)
            }
            return commit.events.count
        case .failure(let error):
            let fault = JournalError(error, during: "append")
            for pending in batch { pending.fail(fault) }
            return 0
        }
    }

    /// Finishes a batch of the rooms that nothing was heard from for too long, and returns how many events that took.
    private func finishStaleRooms(_ pace: inout StaleRoomPace) -> Int {
        guard pace.isDue(now: steady()) else { return 0 }
        let now = clock()
        // Not again before its time if this fails: what failed for want of space will hardly succeed at once.
        pace.hasMore = false
        do {
            let drafts = try home.staleRooms(now: now)
            guard !drafts.isEmpty else { return 0 }
            let began = ContinuousClock.now
            let result = Result { try home.append(drafts, now: now) }
            let seconds = (ContinuousClock.now - began) / .seconds(1)
            state.withLock { $0.counters.count(result, drafts: drafts.count, seconds: seconds) }
            let commit = try result.get()
            if !commit.events.isEmpty { onCommit(commit) }
            settle()
            pace.hasMore = !commit.events.isEmpty
            return commit.events.count
        } catch {
            failed(error, during: "finish stale rooms")
            return 0
        }
    }

    private func takeProbe() -> Probe? {
        state.withLock { state in
            defer { state.probe = nil }
            return state.probe
        }
    }

    private func run(_ probe: Probe) {
        do {
            try home.probe(probe.draft, now: clock())
            probe.completion(nil)
        } catch {
            probe.completion(JournalError(error, during: "probe"))
        }
    }

    private func measure() {
        guard let size = try? home.size() else { return }
        state.withLock { $0.counters.size = size }
    }

    private func lookAfterLog(_ pace: inout UpkeepPace, isIdle: Bool) {
        let steps = pace.steps(now: SteadyTime.now(), isIdle: isIdle)
        var taken = 0
        while taken < steps || !pace.hasFailed && home.isOverfull() {
            taken += 1
            do {
                pace.hasMore = try home.upkeep()
                pace.hasFailed = false
                try tellTrimming(&pace.toldTrimming)
            } catch {
                // Not again before its time: what failed for want of space will hardly succeed at once.
                pace.hasMore = false
                pace.hasFailed = true
                failed(error, during: "upkeep")
            }
            settle()
            guard pace.hasMore else { break }
        }
        if taken > 0 { measure() }
        tellClockJumps()
    }

    private func tellClockJumps() {
        for jump in home.takeClockJumps() {
            state.withLock { $0.counters.clockJumps += 1 }
            onClockJump(jump)
        }
    }

    private func settle() {
        do { try home.settle() } catch { failed(error, during: "settle") }
    }

    private func failed(_ error: any Error, during operation: String) {
        state.withLock { $0.counters.upkeepFaults += 1 }
        onFault(JournalError(error, during: operation))
    }

    private func tellTrimming(_ told: inout EventID) throws {
        let extent = try home.extent()
        guard extent.trimmedThrough > told else { return }
        told = extent.trimmedThrough
        onCommit(Commit(events: [], rooms: [:], extent: extent, verdicts: []))
    }

    private func close() {
        do { try home.close() } catch { onFault(JournalError(error, during: "close")) }
        state.change { $0.isStopped = true }
    }
}
