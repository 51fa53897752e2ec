internal import Events
internal import Webhooks
internal import Wire

/// When one source is asked, and how thoroughly. It decides and does nothing.
struct ReconcileSchedule: Sendable, Equatable {
    /// How a pass ended.
    struct PassEnd: Sendable, Equatable {
        /// Whether every room that should have been judged was judged.
        var isComplete = true
        /// Whether the pass gave up before it had asked for every room that it should have asked for.
        var isAborted = false
        /// How long the provider told the relay to stay away, in milliseconds.
        var retryAfterMilliseconds: Int64?
        /// When a difference that was seen could be confirmed.
        var nextConfirmation: SteadyTime?
        /// Whether more was missed than one pass adds.
        var hasMore = false
    }

    private let everyMilliseconds: Int64
    /// The number of passes that began.
    private(set) var passes = 0
    private(set) var isRunning = false
    private(set) var due: SteadyTime
    /// Passes in a row that were aborted.
    private var failures = 0
    /// Passes that still have to ask for all rooms.
    private var thoroughPasses = Self.passesAfterGap
    private var hadGapMeanwhile = false

    /// One finds what was missed, one more what was still on its way then.
    private static let passesAfterGap = 2
    private static let moreMilliseconds: Int64 = 1_000

    /// A schedule whose first pass is due now: the relay was away until now.
    init(_ settings: ReconcileSettings, now: SteadyTime) {
        everyMilliseconds = settings.everyMilliseconds
        due = now
    }

    /// Whether the pass that begins asks for all rooms.
    var isThorough: Bool { thoroughPasses > 0 }

    /// True when a pass is to begin now; it has begun then.
    mutating func begins(now: SteadyTime) -> Bool {
        guard !isRunning, now >= due else { return false }
        isRunning = true
        hadGapMeanwhile = false
        passes += 1
        return true
    }

    /// Webhooks may have been lost until now: the next passes ask for all rooms.
    mutating func hadGap() {
        thoroughPasses = Self.passesAfterGap
        hadGapMeanwhile = true
    }

    /// The pass has ended.
    /// - Parameter jitter: from 0 to 1; it keeps relays that started together from asking together.
    mutating func ended(_ end: PassEnd, now: SteadyTime, jitter: Double) {
        isRunning = false
        let spread = Int64(Double(everyMilliseconds) * 0.1 * jitter)
        guard !end.isAborted else {
            failures += 1
            let backoff = everyMilliseconds << Int64(min(failures - 1, 16))
            let most = max(everyMilliseconds, Limits.reconcileBackoffMilliseconds)
            let wait = max(min(backoff, most), min(end.retryAfterMilliseconds ?? 0, Limits.reconcileRetryMilliseconds))
            due = now + wait + spread
            return
        }
        failures = 0
        if thoroughPasses > 0, !hadGapMeanwhile { thoroughPasses -= 1 }
        due = now + everyMilliseconds + spread
        if end.hasMore { due = min(due, now + Self.moreMilliseconds) }
        // A pass at that time ends the difference, where the next regular one may be far away.
        if let confirmation = end.nextConfirmation, confirmation > now { due = min(due, confirmation + 1) }
    }
}
