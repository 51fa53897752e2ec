internal import EventLoop
internal import Events
internal import Platform
internal import Telemetry
internal import Wire

/// The relay's health: the pulses of its loops, the results of the canaries, and the system's figures of the process.
final class Health: Sendable {
    private struct State {
        var process = ProcessReading()
        /// When the last canary was signed that ingest accepted, and the last that the journal committed.
        var verifiedAt: SteadyTime?
        var committedAt: SteadyTime?
        var ingestFault: String?
        var logFault: String?
    }

    /// The pulse of each loop.
    let pulses: [LoopPulse]
    private let state = Locked(State())

    /// The health of a relay with so many loops, about which nothing is known yet.
    init(loops: Int) {
        let now = SteadyTime.now()
        pulses = (0..<loops).map { _ in LoopPulse(now: now) }
    }

    /// The last reading of the process.
    var process: ProcessReading { state.withLock { $0.process } }

    /// Stores a reading of the process.
    func read(_ process: ProcessReading) {
        state.withLock { $0.process = process }
    }

    /// Stores the result of a canary's verification; `fault` is nil if ingest accepted it.
    func verified(signedAt: SteadyTime, fault: String?) {
        state.withLock { state in
            state.ingestFault = fault
            if fault == nil { state.verifiedAt = signedAt }
        }
    }

    /// Stores the result of a canary's commit; `fault` is nil if it succeeded.
    func committed(signedAt: SteadyTime, fault: String?) {
        state.withLock { state in
            state.logFault = fault
            if fault == nil { state.committedAt = signedAt }
        }
    }

    /// Each loop's lag in seconds.
    func loopLags(now: SteadyTime) -> [Double] { pulses.map { Double($0.lag(now: now)) / 1000 } }

    /// Whether the relay is ready, part by part.
    /// - Parameter sources: the number of sources in the settings.
    func report(isDraining: Bool, sources: Int, now: SteadyTime) -> ReadinessReport {
        let state = state.withLock { $0 }
        var report = ReadinessReport(sources: sources)
        report.drain = isDraining ? "The relay is stopping." : nil
        report.ingest = state.ingestFault ?? Self.stale(state.verifiedAt, now, "no canary was verified")
        report.log =
            state.logFault.map { "The journal does not commit: \($0)" }
            ?? Self.stale(state.committedAt, now, "no canary was committed")
        report.loops = pulses.enumerated().map { index, pulse in
            let why = Self.stale(pulse.canaryAt, now, "no canary came to loop \(index)")
            return ReadinessReport.Loop(lagMilliseconds: pulse.lag(now: now), why: why)
        }
        return report
    }

    private static func stale(_ time: SteadyTime?, _ now: SteadyTime, _ what: String) -> String? {
        guard let time else { return "So far \(what)." }
        guard now - time > Limits.readyMilliseconds else { return nil }
        return "For \((now - time) / 1000) s \(what)."
    }
}

/// Whether the relay is ready, part by part; a part's text says why it is not.
struct ReadinessReport: Sendable {
    /// One loop.
    struct Loop: Sendable {
        let lagMilliseconds: Int64
        let why: String?
    }

    var drain: String?
    var ingest: String?
    var log: String?
    /// Damaged places of the journal. The relay is ready all the same: new events are committed and relayed.
    var damage: String?
    var loops: [Loop] = []
    /// The number of sources. Without any the relay is ready: no webhook can be missed.
    let sources: Int

    init(sources: Int) {
        self.sources = sources
    }

    var isReady: Bool { reasons.isEmpty }

    /// Why it is not ready; empty if it is.
    var reasons: [String] { [drain, ingest, log].compactMap { $0 } + loops.compactMap(\.why) }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("ready", isReady)
            writer.member("version", Version.text)
            for (name, why) in [("drain", drain), ("ingest", ingest), ("log", log)] {
                writer.member(name) { writer in
                    writer.member("ok", why == nil)
                    writer.member("why", why)
                    writer.member("note", name == "log" ? damage : nil)
                }
            }
            writer.name("loops")
            writer.array { writer in
                for (index, loop) in loops.enumerated() {
                    writer.object { writer in
                        writer.member("loop", Int64(index))
                        writer.member("ok", loop.why == nil)
                        writer.member("lagMs", loop.lagMilliseconds)
                        writer.member("why", loop.why)
                    }
                }
            }
            writer.member("sources") { writer in
                writer.member("count", Int64(sources))
                writer.member("note", sources == 0 ? "No source is set up, so no webhook can come in." : nil)
            }
        }
    }
}
