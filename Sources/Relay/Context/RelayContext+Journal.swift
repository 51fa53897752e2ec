internal import Journal
internal import Logging
internal import Platform
internal import Telemetry
internal import Wire

extension RelayContext {
    /// Logs a fault of the journal. Damage, which persists, is logged once for each place and then once an hour.
    func journalFailed(_ fault: JournalError) {
        guard fault.isDamage else {
            return journalLog.log(.error, "\(fault)", now: WallClock.now())
        }
        let line = damage.withLock { $0.record(fault, now: SteadyTime.now()) }
        if let line { log.error("\(line)") }
    }
}
