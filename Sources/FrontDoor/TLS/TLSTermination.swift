internal import Platform
internal import Wire

/// The TLS of all loops' doors: the identity that new connections get, which can be replaced while they run.
public final class TLSTermination: Sendable {
    private struct State {
        var identity: TLSIdentity
        var ticketsSince: SteadyTime
    }

    /// How long tickets are encrypted with the same keys.
    private static let ticketKeyMilliseconds: Int64 = 24 * 3_600_000
    private let state: Locked<State>

    /// TLS that begins with this identity.
    public init(_ identity: TLSIdentity) {
        state = Locked(State(identity: identity, ticketsSince: SteadyTime.now()))
    }

    /// Gives new connections another identity. Those that are open keep theirs.
    public func replace(_ identity: TLSIdentity) {
        state.withLock { $0 = State(identity: identity, ticketsSince: SteadyTime.now()) }
    }

    /// The identity for a connection that comes now.
    var current: TLSIdentity { state.withLock { $0.identity } }

    /// Puts new keys for tickets in place once the old ones have been used for long enough.
    func renewTickets(now: SteadyTime) {
        state.withLock { state in
            guard now - state.ticketsSince >= Self.ticketKeyMilliseconds else { return }
            state.identity = state.identity.renewed()
            state.ticketsSince = now
        }
    }
}
