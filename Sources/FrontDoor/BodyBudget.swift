internal import Platform

/// One bound over the bytes of all unfinished requests of the process, which several doors share.
///
/// A door tells of its bytes when they have changed by ``stepBytes``, so that an ordinary request, which is far
/// shorter, takes no lock. Over the bound the largest request goes first, whichever door it is at.
public final class BodyBudget: Sendable {
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
        /// The most there was since memory was given back.
        var peak = 0
    }

    /// What a door has to do after it told its bytes.
    enum Verdict: Equatable {
        case fits
        /// Its largest request has to go.
        case shed
        /// That of another door has to, which was told.
        case othersShed
    }

    /// How much a door's bytes change before it tells.
    static let stepBytes = 64 * 1024
    /// What there must have been at one time for memory to be given back afterwards.
    static let burstBytes = 16 * 1024 * 1024

    private let state: Locked<State>

    /// A bound of so many bytes.
    public init(limitBytes: Int) {
        state = Locked(State(limit: limitBytes))
    }

    /// Has another bound count from now on.
    public func set(limitBytes: Int) {
        state.withLock { $0.limit = limitBytes }
    }

    /// A further door takes part.
    /// - Parameter wake: has that door look after its largest request; called on any thread.
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

    /// A door tells what it has now.
    func tell(_ door: Int, bytes: Int, largest: Int) -> Verdict {
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
        // Not under the lock: it may take others.
        wake?()
        return verdict
    }

    /// True once after a burst has gone: now memory can be given back.
    func isAfterBurst() -> Bool {
        state.withLock { state in
            guard state.peak >= Self.burstBytes, state.total < state.peak / 4 else { return false }
            state.peak = state.total
            return true
        }
    }
}
