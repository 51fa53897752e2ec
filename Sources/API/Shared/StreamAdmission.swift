package import Access
internal import Events
internal import Platform
internal import Wire

/// Counts the streams of all loops against the caps. With `over_cap: oldest`, a user's oldest stream is closed to make
/// room for a new one.
package final class StreamAdmission: Sendable {
    private let caps: Locked<StreamCaps>
    /// Nil unless `over_cap: oldest` is set.
    private let order: StreamOrder?

    /// Counts nothing yet.
    /// - Parameter replacesOldest: whether a user's oldest stream makes room (`over_cap: oldest`).
    package init(_ settings: StreamCapSettings, replacesOldest: Bool) {
        caps = Locked(StreamCaps(settings))
        order = replacesOldest ? StreamOrder() : nil
    }

    /// The caps. Lowering them closes nothing.
    package var settings: StreamCapSettings {
        get { caps.withLock { $0.settings } }
        set { caps.withLock { $0.settings = newValue } }
    }

    /// Counts a stream.
    /// - Returns: nil if it may open, else the reason; then nothing is counted.
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

    /// Uncounts a stream or poll that ``admit(_:address:now:)`` has counted for the same principal and address.
    func release(_ principal: Principal, address: String) {
        let counted = NetworkAddress.countedAs(address)
        caps.withLock { $0.release(principal, address: counted) }
    }

    /// Records the id of a stream that was counted. Call this before the client can know that it has a stream and open
    /// the next one.
    func opened(_ stream: UInt64, of principal: Principal, address: String, on loop: any LoopPort) {
        order?.add(StreamOrder.Entry(stream: stream, address: address, loop: loop), of: principal)
    }

    /// Uncounts a stream after ``opened(_:of:address:on:)``. One that was replaced is uncounted already.
    func ended(_ stream: UInt64, of principal: Principal, address: String) {
        guard order?.remove(stream, of: principal) ?? true else { return }
        release(principal, address: address)
    }
}
