internal import Dispatch
internal import Glibc

extension Relay {
    /// Stops the relay on SIGTERM and SIGINT, in order; a second signal cuts the goodbyes short.
    public func stopOnSignals() {
        for number in [SIGTERM, SIGINT] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [weak self] in
                guard let self else { return }
                Task { await self.stop() }
            }
            source.activate()
            keep(source)
        }
    }

    /// Reads certificate and key anew on SIGHUP.
    public func reloadOnSignal() {
        signal(SIGHUP, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        source.setEventHandler { [weak self] in self?.tryToReloadCertificates() }
        source.activate()
        keep(source)
    }
}
