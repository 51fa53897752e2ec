internal import Events
package import Logging
internal import Platform
package import Wire

/// Tells the operator that a proxy seems to stand before the relay that the settings do not name: everybody behind it
/// then counts as one address. Anybody can send such a header, so there is a line a minute at most.
package final class ForwardingNotice: Sendable {
    private let log: Logger
    private let next = Locked(WallTime(milliseconds: .min))

    /// A notice that was not given yet.
    package init(_ log: Logger) {
        self.log = log
    }

    /// A request came from `peer` with a header that is not believed.
    package func saw(_ header: String, from peer: String, now: WallTime) {
        let isDue = next.withLock { next in
            // A clock that was set back must not silence it for long.
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
