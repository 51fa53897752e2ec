package import Access
internal import Events
internal import Platform
internal import Wire

/// Counts the streams of all loops against the caps. With `over_cap: oldest` a user's oldest stream makes room for a
/// new one.
package final class StreamAdmission: Sendable {
    private let caps: Locked<StreamCaps>
    /// Kept only where a user's oldest stream makes room.
    private let order: StreamOrder?

    package init(_ settings: StreamCapSettings, replacesOldest: Bool) {
        caps = Locked(StreamCaps(settings))
        order = replacesOldest ? StreamOrder() : nil
    }

    /// The caps. Lowering them closes nothing.
    package var settings: StreamCapSettings {
        get { caps.withLock { $0.settings } }
        set { caps.withLock { $0.settings = newValue } }
    }

    /// Counts a stream in, or says why there can be no more.
    func admit(_ principal: Principal, address: String, now: WallTime) -> StreamRefusal? {
        let counted = NetworkAddress.countedAs(address)
        while true {
            let decision = caps.withLock { $0.admit(principal, address: counted, now: now) }
            guard case .refused(let reason, let seconds) = decision else { return nil }
            guard reason == .perUser, let oldest = order?.takeOldest(of: principal) else {
                return .cap(reason, retryAfterSeconds: seconds)
            }
            release(principal, address: oldest.address)
            oldest.loop.post(.replaced(stream: oldest.stream))
        }
    }

    /// Forgets a stream, or a poll, that was counted in with the same principal and address.
    func release(_ principal: Principal, address: String) {
        let counted = NetworkAddress.countedAs(address)
        caps.withLock { $0.release(principal, address: counted) }
    }

    /// A stream that was counted in has its id from now on. To be called before the client can know that it has a
    /// stream, and open the next.
    func opened(_ stream: UInt64, of principal: Principal, address: String, on loop: any LoopPort) {
        order?.add(StreamOrder.Entry(stream: stream, address: address, loop: loop), of: principal)
    }

    /// Forgets a stream that ``opened(_:of:address:on:)`` was called for. One that was replaced is forgotten already.
    func ended(_ stream: UInt64, of principal: Principal, address: String) {
        guard order?.remove(stream, of: principal) ?? true else { return }
        release(principal, address: address)
    }
}
