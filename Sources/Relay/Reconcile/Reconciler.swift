internal import API
internal import Events
internal import Journal
internal import Logging
internal import Platform
internal import Settings
internal import Telemetry
internal import Webhooks
internal import Wire

/// Asks providers who is in which room, at the start, after a gap and regularly, and appends what was missed.
///
/// Nothing waits for it. It runs on threads of Swift's own, never on a loop, and the journal takes its events like those
/// of webhooks.
final class Reconciler: Sendable {
    private struct State {
        var journal: (home: any JournalHome, writer: JournalWriter)?
        var sources: [String: ReconciledSource] = [:]
        var rooms = ClosedRooms()
        var loss = LossMeter()
        var ticker: Task<Void, Never>?
        var lastTick: (steady: SteadyTime, wall: WallTime)?
        var mostRooms = 0
        var generation = 0
    }

    private let state = Locked(State())
    private let metrics: Metrics
    private let log: Logger

    private static let tick = Duration.milliseconds(250)
    /// A tick that is so late was not only slow: the process or the machine was stopped.
    private static let stoppedMilliseconds: Int64 = 10_000

    init(metrics: Metrics, log: Logger) {
        self.metrics = metrics
        self.log = log
    }

    // MARK: Start, reload and stop

    /// Begins to ask for the rooms of these sources.
    func start(home: any JournalHome, writer: JournalWriter, head: EventID, _ settings: Settings, _ rules: Rules) {
        state.withLock { state in
            state.journal = (home, writer)
            state.rooms = ClosedRooms(head: head)
        }
        follow(settings, rules)
    }

    /// Asks for the rooms of these sources from now on, and of no others. A source whose settings are unchanged goes on.
    func follow(_ settings: Settings, _ rules: Rules) {
        let now = SteadyTime.now()
        let removed = state.withLock { state -> [ReconciledSource] in
            guard state.journal != nil else { return [] }
            state.mostRooms = settings.rooms.total
            var sources: [String: ReconciledSource] = [:]
            for source in settings.sources {
                guard let reconcile = source.reconcile,
                    let provider = rules.sources[WireText(source.name)]?.provider as? any Reconcilable
                else { continue }
                let before = state.sources[source.name]
                guard before?.settings != source else {
                    sources[source.name] = before
                    continue
                }
                state.generation += 1
                sources[source.name] = ReconciledSource(
                    source, reconcile, provider, generation: state.generation, now: now)
            }
            let removed = state.sources.values.filter { sources[$0.settings.name]?.generation != $0.generation }
            for source in removed where sources[source.settings.name] == nil {
                metrics.reconcile { $0.remove(source.settings.name) }
            }
            for name in sources.keys { metrics.reconcile { $0.declare(name, now: now) } }
            state.sources = sources
            if state.ticker == nil, !sources.isEmpty { state.ticker = ticking() }
            return Array(removed)
        }
        for source in removed { source.task?.cancel() }
    }

    /// Asks no more.
    func stop() {
        state.withLock { state in
            state.ticker?.cancel()
            for source in state.sources.values { source.task?.cancel() }
            state.sources = [:]
            state.journal = nil
        }
    }

    // MARK: What the journal commits

    /// Looks at what was committed. Called on the writer's thread.
    func note(_ commit: Commit) {
        state.withLock { state in
            state.rooms.head = commit.extent.head
            let now = commit.extent.head.time
            for case (let key, nil) in commit.rooms { state.rooms.closed(key, at: now) }
            guard !state.sources.isEmpty else { return }
            for logged in commit.events {
                let event = logged.event
                let source = event.source.string
                guard state.sources[source] != nil else { continue }
                switch state.loss.finding(in: event) {
                case .added(let type): metrics.reconcile { $0.added(type, of: source) }
                case .twin(let type): metrics.reconcile { $0.twinCame(type, of: source) }
                case nil: break
                }
                if !event.isSynthetic { state.sources[source]?.heard(at: now) }
            }
        }
    }

    // MARK: Passes

    private func ticking() -> Task<Void, Never> {
        Task { [weak self] in
            while !Task.isCancelled {
                self?.beginWhatIsDue()
                try? await Task.sleep(for: Self.tick)
            }
        }
    }

    private func beginWhatIsDue() {
        let now = SteadyTime.now()
        let wall = WallClock.now()
        state.withLock { state in
            let wasStopped = state.lastTick.map { last in
                now - last.steady > Self.stoppedMilliseconds || wall - last.wall > Self.stoppedMilliseconds
            }
            state.lastTick = (now, wall)
            for name in state.sources.keys {
                let unavailable = metrics.unavailable(of: name)
                state.sources[name]?.look(unavailable: unavailable, wasStopped: wasStopped ?? false)
                guard state.sources[name]?.schedule.begins(now: now) == true, let source = state.sources[name] else {
                    continue
                }
                state.sources[name]?.task = Task { await self.run(source) }
            }
        }
    }

    private func run(_ source: ReconciledSource) async {
        guard let api = source.api else { return }
        var pass = ReconcilePass(
            provider: source.provider, api: api, relay: relaySide(of: source), number: source.schedule.passes,
            isThorough: source.schedule.isThorough, reconciliation: source.reconciliation, unanswered: source.unanswered
        )
        await pass.run()
        end(pass, of: source)
    }

    private func relaySide(of source: ReconciledSource) -> ReconcilePass.Relay {
        let name = WireText(source.settings.name)
        return ReconcilePass.Relay(
            rooms: { [self] in try rooms(of: name) },
            append: { [self] drafts, condition in await append(drafts, condition) },
            lag: { [metrics] in metrics.leastLag(of: name.string) })
    }

    /// The relay's rooms of a source now.
    private func rooms(of source: WireText) throws -> (rooms: RelayRooms, roomsLeft: Int) {
        guard let journal = try state.withLock({ $0.journal?.home })?.currentState() else { throw CancellationError() }
        var open: [WireText: RoomState] = [:]
        for room in journal.rooms where room.source == source { open[room.room.name] = room }
        // Afterwards, so that no room closes in between.
        let (closed, mostRooms) = state.withLock { ($0.rooms, $0.mostRooms) }
        let rooms = RelayRooms(
            head: journal.extent.head, open: open, closedAt: closed.times(of: source),
            othersClosedBy: closed.othersClosedBy(at: journal.extent.head))
        return (rooms, mostRooms == 0 ? .max : max(0, mostRooms - journal.rooms.count))
    }

    private func append(_ drafts: [Draft], _ condition: RoomCondition) async -> GroupOutcome? {
        guard let writer = state.withLock({ $0.journal?.writer }) else { return nil }
        return await withCheckedContinuation { continuation in
            let isTaken = writer.submit(drafts, on: condition) { continuation.resume(returning: $0) }
            if !isTaken { continuation.resume(returning: nil) }
        }
    }

    private func end(_ pass: ReconcilePass, of source: ReconciledSource) {
        let (now, wall) = (SteadyTime.now(), WallClock.now())
        let name = source.settings.name
        let report = pass.report
        let line = state.withLock { state -> ReconcileLine? in
            // A reload has changed the source meanwhile.
            guard var current = state.sources[name], current.generation == source.generation else { return nil }
            current.reconciliation = pass.reconciliation
            current.unanswered = pass.unanswered
            current.schedule.ended(report.end, now: now, jitter: Double.random(in: 0...1))
            // Where one webhook was lost, others were.
            if !report.appended.isEmpty { current.schedule.hadGap() }
            let line = current.failures.note(report, name, now: now)
            state.sources[name] = current
            state.rooms.prune(before: wall - source.reconciliation.graceMilliseconds)
            metrics.reconcile { counters in
                counters.passEnded(
                    report.outcome, isComplete: report.end.isComplete, requests: report.requests, of: name, now: wall,
                    steadyNow: now)
            }
            return line
        }
        if let line { log.log(level: line.level, "\(line.text)") }
        if let missed = ReconcileLine.missed(report, name) { log.log(level: missed.level, "\(missed.text)") }
    }
}
