internal import Events
internal import Platform
internal import Wire

/// What a loop lets others know of itself: that it turns, how late it comes to its work, and which canary it has
/// seen. Written by the loop a few times a second, read by anybody.
final class LoopPulse: Sendable {
    private struct State {
        var lastTurn: SteadyTime
        var canaryAt: SteadyTime?
        var windowBegan: SteadyTime
        var worst: Int64 = 0
        var worstBefore: Int64 = 0
        /// The loop has come to its end, and is not expected to turn any more.
        var hasEnded = false
        /// When the question was posted that waits in the loop's mailbox.
        var askedAt: SteadyTime?
    }

    /// How often a loop says that it turns, unless it is about to end.
    static let tickMilliseconds: Int64 = 250

    private let state: Locked<State>

    init(now: SteadyTime) {
        state = Locked(State(lastTurn: now, windowBegan: now))
    }

    /// The loop's ticker fired, so many milliseconds after it was due.
    func turned(now: SteadyTime, lateMilliseconds: Int64) {
        state.withLock { state in
            state.lastTurn = now
            Self.note(lateMilliseconds, &state, now)
        }
    }

    /// A canary that was signed at `signedAt` has come through ingest and log to this loop.
    func sawCanary(signedAt: SteadyTime) {
        state.withLock { $0.canaryAt = max($0.canaryAt ?? signedAt, signedAt) }
    }

    /// Whether to post a question into the loop's mailbox: not while one waits there.
    func asks(now: SteadyTime) -> Bool {
        state.withLock { state in
            guard state.askedAt == nil else { return false }
            state.askedAt = now
            return true
        }
    }

    /// The loop took the question out of its mailbox.
    func answered(now: SteadyTime) {
        state.withLock { state in
            guard let askedAt = state.askedAt else { return }
            state.askedAt = nil
            Self.note(now - askedAt, &state, now)
        }
    }

    /// The loop has come to its end in order: nobody may take its silence for a stall.
    func ended() {
        state.withLock { $0.hasEnded = true }
    }

    private static func note(_ late: Int64, _ state: inout State, _ now: SteadyTime) {
        if now - state.windowBegan >= Limits.lagWindowMilliseconds {
            // A window that is long past says nothing any more.
            state.worstBefore = now - state.windowBegan < 2 * Limits.lagWindowMilliseconds ? state.worst : 0
            state.worst = 0
            state.windowBegan = now
        }
        state.worst = max(state.worst, late)
    }

    /// How long the loop has not turned, or left a question unanswered.
    func silence(now: SteadyTime) -> Int64 {
        state.withLock { state in
            state.hasEnded ? 0 : max(now - state.lastTurn, state.askedAt.map { now - $0 } ?? 0)
        }
    }

    /// The worst lateness of the last seconds; a loop that stands still lags more and more.
    func lag(now: SteadyTime) -> Int64 {
        let silence = silence(now: now)
        return state.withLock { state in
            let overdue = silence > Self.tickMilliseconds ? silence - Self.tickMilliseconds : 0
            return max(state.worst, state.worstBefore, overdue)
        }
    }

    /// When the last canary was signed that came here.
    var canaryAt: SteadyTime? { state.withLock { $0.canaryAt } }
}
