internal import Platform

/// A bound on the bytes of all unfinished requests of the process, shared by the doors.
///
/// A door reports its bytes when they have changed by ``stepBytes``, so an ordinary request, which is far shorter,
/// needs no lock. Over the bound, the largest request is refused first, whichever door it is at.
package final class BodyBudget: Sendable {
    struct Share {
        var bytes = 0
        var largest = 0
        var wake: @Sendable () -> Void
    }

    private struct State {
        var limit: Int
        var shares: [Int: Share] = [:]
        var next = 0
        var total = 0
        /// The largest total since freed memory was last returned to the system.
        var peak = 0
    }

    /// What a door must do after it has reported its bytes.
    enum Verdict: Equatable {
        case fits
        /// It must refuse its largest request.
        case shed
        /// Another door must refuse its largest request, and has been notified.
        case othersShed
    }

    /// A door reports again when its bytes have changed by this much.
    static let stepBytes = 64 * 1024
    /// Freed memory is returned to the system only after a total of at least this many bytes.
    static let burstBytes = 16 * 1024 * 1024

    private let state: Locked<State>

    /// A bound of `limitBytes`.
    package init(limitBytes: Int) {
        state = Locked(State(limit: limitBytes))
    }

    /// Replaces the bound.
    package func set(limitBytes: Int) {
        state.withLock { $0.limit = limitBytes }
    }

    /// Adds a door.
    /// - Parameter wake: makes the door call ``Door/relieve()``; called on any thread.
    /// - Returns: the door's number for ``leave(_:)`` and ``report(_:bytes:largest:)``.
    func join(wake: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.next += 1
            state.shares[state.next] = Share(wake: wake)
            return state.next
        }
    }

    func leave(_ door: Int) {
        state.withLock { $0.total -= $0.shares.removeValue(forKey: door)?.bytes ?? 0 }
    }

    /// Records the bytes that a door's unfinished requests have now.
    func report(_ door: Int, bytes: Int, largest: Int) -> Verdict {
        let (verdict, wake) = state.withLock { state -> (Verdict, (@Sendable () -> Void)?) in
            guard var share = state.shares[door] else { return (.fits, nil) }
            state.total += bytes - share.bytes
            share.bytes = bytes
            share.largest = largest
            state.shares[door] = share
            state.peak = max(state.peak, state.total)
            guard state.total > state.limit else { return (.fits, nil) }
            guard let other = state.shares.values.max(by: { $0.largest < $1.largest }), other.largest > largest else {
                return (.shed, nil)
            }
            return (.othersShed, other.wake)
        }
        // Called without the lock, because `wake` may acquire other locks.
        wake?()
        return verdict
    }

    /// True once after each burst, when its requests have ended: then freed memory can be returned to the system.
    func isAfterBurst() -> Bool {
        state.withLock { state in
            guard state.peak >= Self.burstBytes, state.total < state.peak / 4 else { return false }
            state.peak = state.total
            return true
        }
    }
}
