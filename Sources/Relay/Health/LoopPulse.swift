internal import Events
internal import Platform
internal import Wire

/// What other threads can know of a loop: that it turns, how late it is, and which canary it has seen. The loop writes
/// it a few times a second.
final class LoopPulse: Sendable {
    private struct State {
        var lastTurn: SteadyTime
        var canaryAt: SteadyTime?
        var windowBegan: SteadyTime
        var worst: Int64 = 0
        var worstBefore: Int64 = 0
        /// The loop has ended and will not turn again.
        var hasEnded = false
        /// When the check-in was posted that waits in the loop's mailbox; nil if none waits.
        var askedAt: SteadyTime?
    }

    /// The interval of a loop's ticker. It is shorter during a drain.
    static let tickMilliseconds: Int64 = 250

    private let state: Locked<State>

    init(now: SteadyTime) {
        state = Locked(State(lastTurn: now, windowBegan: now))
    }

    /// Records that the loop's ticker fired, and how long after it was due.
    func turned(now: SteadyTime, lateMilliseconds: Int64) {
        state.withLock { state in
            state.lastTurn = now
            Self.note(lateMilliseconds, &state, now)
        }
    }

    /// Records that a canary, signed at `signedAt`, has passed ingest and journal and reached this loop.
    func sawCanary(signedAt: SteadyTime) {
        state.withLock { $0.canaryAt = max($0.canaryAt ?? signedAt, signedAt) }
    }

    /// True if the caller is to post a check-in to the loop's mailbox now; false while one waits there.
    func asks(now: SteadyTime) -> Bool {
        state.withLock { state in
            guard state.askedAt == nil else { return false }
            state.askedAt = now
            return true
        }
    }

    /// Records that the loop has handled the check-in.
    func answered(now: SteadyTime) {
        state.withLock { state in
            guard let askedAt = state.askedAt else { return }
            state.askedAt = nil
            Self.note(now - askedAt, &state, now)
        }
    }

    /// Records that the loop has ended in order, so that its silence is not reported as a stall.
    func ended() {
        state.withLock { $0.hasEnded = true }
    }

    private static func note(_ late: Int64, _ state: inout State, _ now: SteadyTime) {
        if now - state.windowBegan >= Limits.lagWindowMilliseconds {
            // A window that ended long ago is not counted.
            state.worstBefore = now - state.windowBegan < 2 * Limits.lagWindowMilliseconds ? state.worst : 0
            state.worst = 0
            state.windowBegan = now
        }
        state.worst = max(state.worst, late)
    }

    /// Milliseconds since the loop's last turn, or since the check-in that it has not handled.
    func silence(now: SteadyTime) -> Int64 {
        state.withLock { state in
            state.hasEnded ? 0 : max(now - state.lastTurn, state.askedAt.map { now - $0 } ?? 0)
        }
    }

    /// The worst lateness of the last seconds, in milliseconds. It grows while the loop is stalled.
    func lag(now: SteadyTime) -> Int64 {
        let silence = silence(now: now)
        return state.withLock { state in
            let overdue = silence > Self.tickMilliseconds ? silence - Self.tickMilliseconds : 0
            return max(state.worst, state.worstBefore, overdue)
        }
    }

    /// When the last canary that reached this loop was signed; nil if none has.
    var canaryAt: SteadyTime? { state.withLock { $0.canaryAt } }
}
