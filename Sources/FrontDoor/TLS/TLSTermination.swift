internal import Platform
internal import Wire

/// The TLS identity of all loops' doors. It can be replaced while they run.
package final class TLSTermination: Sendable {
    private struct State {
        var identity: TLSIdentity
        var ticketsSince: SteadyTime
    }

    /// How long tickets are encrypted with the same keys.
    private static let ticketKeyMilliseconds: Int64 = 24 * 3_600_000
    private let state: Locked<State>

    /// TLS with this identity.
    package init(_ identity: TLSIdentity) {
        state = Locked(State(identity: identity, ticketsSince: SteadyTime.now()))
    }

    /// Uses another identity for new connections. Open connections are not affected.
    package func replace(_ identity: TLSIdentity) {
        state.withLock { $0 = State(identity: identity, ticketsSince: SteadyTime.now()) }
    }

    /// The identity for a new connection.
    var current: TLSIdentity { state.withLock { $0.identity } }

    /// Replaces the ticket keys once they have been used for ``ticketKeyMilliseconds``.
    func renewTickets(now: SteadyTime) {
        state.withLock { state in
            guard now - state.ticketsSince >= Self.ticketKeyMilliseconds else { return }
            state.identity = state.identity.renewed()
            state.ticketsSince = now
        }
    }
}
