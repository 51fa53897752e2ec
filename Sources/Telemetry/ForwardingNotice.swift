internal import Events
package import Logging
internal import Platform
package import Wire

/// Warns the operator of a proxy in front of the relay that the settings do not name: all clients behind it count as
/// one address. Any client can send such a header, so there is at most one line a minute.
package final class ForwardingNotice: Sendable {
    private let log: Logger
    private let next = Locked(WallTime(milliseconds: .min))

    /// No warning was written yet.
    package init(_ log: Logger) {
        self.log = log
    }

    /// A request from `peer` has a forwarding header, and `peer` is not a trusted proxy.
    package func saw(_ header: String, from peer: String, now: WallTime) {
        let isDue = next.withLock { next in
            // After the clock was set back, the next warning must not be hours away.
            guard now >= next || next > now + Limits.forwardingNoticeMilliseconds else { return false }
            next = now + Limits.forwardingNoticeMilliseconds
            return true
        }
        guard isDue else { return }
        log.warning(
            """
            \(peer) sends \(header) and is not in proxy.trusted: if it is your proxy, all its clients count as one \
            address, for caps and for failures; name it in proxy.trusted, and the header in proxy.header
            """)
    }
}
