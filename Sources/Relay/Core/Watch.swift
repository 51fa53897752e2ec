internal import API
internal import EventLoop
internal import Events
internal import Journal
internal import Logging
internal import Platform
internal import Telemetry
internal import Wire

/// The thread that checks the loops: it sends canaries, checks that each loop turns and answers, and as long as all do,
/// sends `WATCHDOG=1` to the service manager.
final class Watch: Sendable {
    private let context: RelayContext
    private let mailboxes: [Mailbox<LoopCommand>]
    private let writer: JournalWriter
    private let canary: Canary
    private let service: ServiceManager?
    private let isStopping = Monitor(false)

    /// Starts the thread.
    init(
        context: RelayContext, mailboxes: [Mailbox<LoopCommand>], writer: JournalWriter, service: ServiceManager?
    ) throws {
        self.context = context
        self.mailboxes = mailboxes
        self.writer = writer
        self.service = service
        canary = try Canary()
        // Now, since the metrics page may be requested before the thread's first round.
        context.health.read(.now())
        try NamedThread.start(name: "watch") { [self] in run() }
    }

    /// Ends the thread.
    func stop() {
        isStopping.change { $0 = true }
    }

    private func run() {
        var round = Round(loops: mailboxes.count)
        let step = min(Limits.watchMilliseconds, Int((service?.watchdogMilliseconds ?? .max) / 4))
        while isStopping.wait(milliseconds: max(1, step), until: { $0 ? true : nil }) == nil {
            look(&round, now: SteadyTime.now())
        }
    }

    /// What the thread remembers from one round to the next.
    private struct Round {
        var lastLook: SteadyTime?
        var lastAsked = SteadyTime.distantPast
        var lastCanary = SteadyTime.distantPast
        var lastAlive = SteadyTime.distantPast
        var canaries = 0
        /// For each loop that was reported as stalled, since when.
        var stalled: [SteadyTime?]

        init(loops: Int) {
            stalled = Array(repeating: nil, count: loops)
        }
    }

    private func look(_ round: inout Round, now: SteadyTime) {
        context.reportAcceptedWebhooks()
        context.shared.members.tick()
        // If this thread was stopped itself, so was the whole process, and the loops need a moment to catch up.
        let wasAsleep = round.lastLook.map { now - $0 > Limits.stalledLoopMilliseconds / 2 } ?? false
        round.lastLook = now
        if now - 1000 >= round.lastAsked {
            round.lastAsked = now
            context.health.read(.now(after: context.health.process))
            for (pulse, mailbox) in zip(context.health.pulses, mailboxes) where pulse.asks(now: now) {
                mailbox.post(.checkIn)
            }
        }
        if now - Limits.canaryMilliseconds >= round.lastCanary {
            round.lastCanary = now
            round.canaries += 1
            sendCanary(number: round.canaries, now: now)
        }
        guard !wasAsleep else { return }
        reportStalls(&round, now: now)
        if let period = service?.watchdogMilliseconds, now - period / 2 >= round.lastAlive,
            context.health.pulses.allSatisfy({ $0.silence(now: now) < max(period / 2, 1000) })
        {
            round.lastAlive = now
            service?.isAlive()
        }
    }

    private func sendCanary(number: Int, now: SteadyTime) {
        let health = context.health
        switch canary.send(number: number, now: WallClock.now()) {
        case .failure(let error): health.verified(signedAt: now, fault: error.description)
        case .success(let draft):
            health.verified(signedAt: now, fault: nil)
            let mailboxes = mailboxes
            // Not taken while the previous canary waits, which will report.
            _ = writer.probe(draft) { error in
                health.committed(signedAt: now, fault: error?.description)
                guard error == nil else { return }
                for mailbox in mailboxes { mailbox.post(.canary(signedAt: now)) }
            }
        }
    }

    private func reportStalls(_ round: inout Round, now: SteadyTime) {
        for (index, pulse) in context.health.pulses.enumerated() {
            let silence = pulse.silence(now: now)
            if silence > Limits.stalledLoopMilliseconds, round.stalled[index] == nil {
                round.stalled[index] = now - silence
                context.log.warning("loop \(index) has not turned for \(silence) ms")
            } else if silence <= Limits.stalledLoopMilliseconds, let since = round.stalled[index] {
                round.stalled[index] = nil
                context.log.warning("loop \(index) turns again, after \(now - silence - since) ms")
            }
        }
    }
}
