internal import Glibc
internal import Platform

/// The signals with which an operator or a service manager controls the relay: SIGTERM and SIGINT stop it in order, and
/// a second one ends the drain at once; SIGHUP reloads the settings.
///
/// They are caught before the relay starts. One that arrives during the start takes effect when the relay serves.
package final class Signals: Sendable {
    private struct State: Sendable {
        /// Nil until the relay serves.
        var relay: Relay?
        var wantsStop = false
        var wantsReload = false
    }

    private let state = Locked(State())
    private let hadTerminal = isatty(STDIN_FILENO) == 1

    /// Catches the signals from now on. Call this once in a process.
    package init() throws {
        try SignalReader.start([SIGTERM, SIGINT, SIGHUP]) { [self] in take($0) }
    }

    /// Makes this relay handle the signals, those that have arrived already among them.
    func direct(to relay: Relay) {
        let (stops, reloads) = state.withLock { state in
            state.relay = relay
            return (state.wantsStop, state.wantsReload)
        }
        if reloads && !stops { Task { relay.reload() } }
        if stops { Task { await relay.stop() } }
    }

    private func take(_ number: CInt) {
        // SIGHUP also means that the terminal was closed, after which no operator could stop the relay.
        let reloads = number == SIGHUP && !(hadTerminal && isatty(STDIN_FILENO) == 0)
        let (relay, isSecondStop) = state.withLock { state in
            defer { if reloads { state.wantsReload = true } else { state.wantsStop = true } }
            return (state.relay, !reloads && state.wantsStop)
        }
        guard let relay else {
            // The start may take long. Nothing has been answered yet, so nothing is lost if the process exits now.
            if isSecondStop { _exit(EXIT_SUCCESS) }
            return
        }
        Task { if reloads { relay.reload() } else { await relay.stop() } }
    }
}

extension Relay {
    /// Handles the signals from now on, and tells the service manager that the relay runs.
    package func handle(_ signals: Signals) {
        service?.ready(status)
        signals.direct(to: self)
    }
}
