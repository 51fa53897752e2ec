internal import Dispatch
internal import Glibc

extension Relay {
    /// Obeys signals from now on, and tells the service manager that the relay runs. SIGTERM and SIGINT stop it in
    /// order; a second one cuts the goodbyes short. SIGHUP reloads the settings.
    public func obeySignals() {
        let hadTerminal = isatty(STDIN_FILENO) == 1
        for number in [SIGTERM, SIGINT] { obey(number) { await $0.stop() } }
        obey(SIGHUP) { relay in
            // The same signal says that the terminal is gone, and then nobody is there who could stop the relay.
            if hadTerminal && isatty(STDIN_FILENO) == 0 {
                await relay.stop()
            } else {
                await relay.reload()
            }
        }
        service?.ready(status)
    }

    private func obey(_ number: CInt, _ action: @escaping @Sendable (Relay) async -> Void) {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { [weak self] in
            guard let self else { return }
            Task { await action(self) }
        }
        source.activate()
        keep(source)
    }
}
