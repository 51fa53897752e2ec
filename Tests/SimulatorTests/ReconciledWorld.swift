import Events
import TestSupport
import Wire

@testable import Journal

/// One run: a provider whose webhooks get lost, late, doubled and out of order, a journal, and a reconciler.
final class ReconciledWorld {
    private var dice: SeededGenerator
    private var home: any JournalHome
    private let reopen: () throws -> any JournalHome
    private let memory: MemoryHome?
    private var now = World.firstReading.wall
    private var meeting = ModelMeeting()
    private var reconciler = ReconcilerDouble()
    /// Webhooks on their way, and when they arrive.
    private var mail: [(due: WallTime, draft: Draft)] = []
    private var passes: [ReconcilerDouble.Pass] = []
    /// Until when the provider reaches the relay with nothing.
    private var outageEnd: WallTime = 0
    private var follower = ReconciledFollower()
    /// How many events were reconciled, how many of these had late twins, and how many drafts were outdated.
    private(set) var tally = (reconciled: 0, twins: 0, outdated: 0)
    /// What was done, for a failure's report.
    private(set) var trace: [String] = []

    init(seed: UInt64, reopen: @escaping () throws -> any JournalHome) throws {
        dice = SeededGenerator(seed: seed)
        self.reopen = reopen
        home = try reopen()
        memory = home as? MemoryHome
    }

    func run(steps: Int) throws {
        for _ in 0..<steps {
            try step()
            try check()
        }
        try finish()
    }

    private func step() throws {
        switch dice.below(100) {
        case 0..<45: send(meeting.happen(at: now, &dice))
        case 45..<65: try deliver()
        case 65..<75: now += Int64(dice.below(8_000))
        case 75..<83: ask()
        case 83..<93: try answer()
        case 93: outageEnd = now + Int64(dice.below(60_000))
        case 94: memory?.fillUp(dice.percent(50))
        case 95..<97: _ = try home.upkeep()
        default: try restart()
        }
    }

    /// Every happening takes a moment, so that no two stays have the same times.
    private func send(_ drafts: [Draft]) {
        now += 2_500
        for draft in drafts {
            guard now > outageEnd, !dice.percent(15) else { continue }
            let delay = dice.percent(60) ? 0 : Int64(dice.below(30_000))
            mail.append((now + delay, draft))
            if dice.percent(10) { mail.append((now + delay + Int64(dice.below(20_000)), draft)) }
        }
    }

    private func deliver() throws {
        let due = mail.indices.filter { mail[$0].due <= now }
        guard !due.isEmpty else { return }
        // Senders have several connections: what is due comes in any order, some of it in one batch.
        var batch: [Draft] = []
        for _ in 0...dice.below(min(3, due.count)) {
            let ready = mail.indices.filter { mail[$0].due <= now }
            guard !ready.isEmpty else { break }
            batch.append(mail.remove(at: dice.pick(ready)).draft)
        }
        if try !append(batch) { mail += batch.map { (now, $0) } }
    }

    private func ask() {
        guard let state = try? home.currentState() else { return }
        passes.append(ReconcilerDouble.Pass(relay: state, provider: meeting.sessions, now: now))
    }

    /// The provider's answer comes, perhaps late, perhaps behind that to a later question.
    private func answer() throws {
        guard !passes.isEmpty else { return }
        let pass = passes.remove(at: dice.below(passes.count))
        for drafts in reconciler.corrections(of: pass) {
            // A webhook may come into the same batch, before the corrections.
            let early = mail.indices.first { mail[$0].due <= now && dice.percent(20) }
            let webhooks = early.map { [mail.remove(at: $0).draft] } ?? []
            if try !append(webhooks + drafts) { mail += webhooks.map { (now, $0) } }
        }
    }

    /// False if there was no space.
    private func append(_ drafts: [Draft]) throws -> Bool {
        guard !drafts.isEmpty else { return true }
        guard let commit = try? home.append(drafts, now: now) else {
            note("no space")
            return false
        }
        note("\(drafts.map { "\($0.idempotencyKey)" }) -> \(commit.verdicts)")
        for logged in commit.events { note("  \(logged.id) \(Self.text(logged.event))") }
        try follower.follow(commit, of: drafts)
        reconciler.note(drafts, commit.verdicts)
        tally.reconciled += commit.events.count { $0.event.isReconciled }
        tally.twins += commit.lateTwins.count
        tally.outdated += commit.count(.outdated)
        return true
    }

    private func restart() throws {
        guard dice.percent(40) else { return }
        note("restart")
        try home.close()
        home = try reopen()
    }

    private func note(_ text: String) { trace.append("\(now - World.firstReading.wall) \(text)") }

    private static func text(_ event: Event) -> String {
        let marks = [(event.isSynthetic, "synthetic"), (event.isReconciled, "reconciled"), (event.isLate, "late")]
        let ids = [event.room, event.session, event.data.participant?.id, event.data.track?.id]
        return ([event.type.rawValue.string] + ids.map { $0?.string ?? "-" } + marks.filter(\.0).map(\.1))
            .joined(separator: " ")
    }

    // MARK: Checks

    private func check() throws { try follower.compare(with: home.rooms()) }

    /// Lets all webhooks arrive, and the reconciler ask until it has nothing to correct.
    private func finish() throws {
        note("finish")
        memory?.fillUp(false)
        passes = []
        now += 60_000
        while !mail.isEmpty { try deliver() }
        try check()
        for _ in 0..<2 {
            ask()
            try answer()
            try check()
        }
        let real = meeting.sessions.mapValues(\.inOrder)
        let known = Dictionary(
            try home.rooms().map { ($0.room.name, ModelMeeting.Session($0).inOrder) }
        ) { first, _ in first }
        guard known == real else { throw Failure("two passes leave \(known) of \(real)") }
        ask()
        guard let last = passes.popLast(), reconciler.corrections(of: last).isEmpty else {
            throw Failure("a reconciler has work where nothing happens")
        }
    }
}
