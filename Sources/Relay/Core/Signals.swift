internal import Glibc
internal import Platform

/// The signals that an operator or a service manager controls the relay with: SIGTERM and SIGINT stop it in order, and a
/// second one cuts the goodbyes short; SIGHUP reloads the settings.
///
/// They are taken before the relay starts. One that comes during the start takes effect when the relay serves, so that
/// it ends as it does at any other time.
package final class Signals: Sendable {
    private struct State: Sendable {
        /// Nil until the relay serves.
        var relay: Relay?
        var wantsStop = false
        var wantsReload = false
    }

    private let state = Locked(State())
    private let hadTerminal = isatty(STDIN_FILENO) == 1

    /// Takes the signals from now on. Once in a process.
    package init() throws {
        try SignalReader.start([SIGTERM, SIGINT, SIGHUP]) { [self] in take($0) }
    }

    /// Has this relay do what the signals ask for, and what they have asked for already.
    func direct(to relay: Relay) {
        let (stops, reloads) = state.withLock { state in
            state.relay = relay
            return (state.wantsStop, state.wantsReload)
        }
        if reloads && !stops { Task { relay.reload() } }
        if stops { Task { await relay.stop() } }
    }

    private func take(_ number: CInt) {
        // SIGHUP also says that the terminal is gone, and with it the operator who could stop the relay.
        let reloads = number == SIGHUP && !(hadTerminal && isatty(STDIN_FILENO) == 0)
        let (relay, isSecondStop) = state.withLock { state in
            defer { if reloads { state.wantsReload = true } else { state.wantsStop = true } }
            return (state.relay, !reloads && state.wantsStop)
        }
        guard let relay else {
            // The start takes long, and nothing that was answered can be lost by not waiting for it.
            if isSecondStop { _exit(EXIT_SUCCESS) }
            return
        }
        Task { if reloads { relay.reload() } else { await relay.stop() } }
    }
}

extension Relay {
    /// Does from now on what the signals ask for, and tells the service manager that the relay runs.
    package func obey(_ signals: Signals) {
        service?.ready(status)
        signals.direct(to: self)
    }
}
