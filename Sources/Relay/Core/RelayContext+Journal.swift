internal import EventLoop
internal import Journal
internal import Logging

extension RelayContext {
    /// Tells the operator of a fault of the log's home: of damage, which stays, once a place and then once an hour.
    func journalFailed(_ fault: JournalError) {
        guard fault.isDamage else {
            return journalLog.log(.error, "\(fault)", now: System.wallMilliseconds())
        }
        let line = damage.withLock { $0.record(fault, now: System.steadyMilliseconds()) }
        if let line { log.error("\(line)") }
    }
}
