public import Events
public import Glibc

/// Where a subscriber's bytes go: a socket, a page that collects events, or in the simulator a double that writes
/// short, stalls and breaks.
///
/// The hub is in the middle of its work when it calls these: none may change it before it has returned.
public protocol Outlet: AnyObject {
    /// Where ``Hub/writeDirectly`` may write instead of ``write(_:)``; nil if bytes must come through here. It stays
    /// the same until ``close()``.
    var descriptor: CInt? { get }
    /// Offers bytes, once; the buffers are not kept.
    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult
    /// Offers events, once, and the bytes that they come to; the buffers are not kept. An outlet that collects events
    /// keeps these in place of the bytes, and says that it took them all.
    func write(_ events: [LoggedEvent], as buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult
    /// The next frame tells the client that everything it holds may be stale.
    func willWrite(_ resync: Resync)
    /// Asks to be told, by ``Hub/outletHasRoom(_:)``, when bytes will be taken again.
    func waitForRoom()
    /// Ends the connection; what was taken is still sent.
    func close()
    /// The stream has ended, after ``close()``: the hub knows the subscriber no longer.
    func subscriberHasEnded(_ subscriber: Subscriber, because reason: StreamEnd)
    /// The address of the client, for the operator's list of streams.
    var clientAddress: String { get }
}

extension Outlet {
    /// None: bytes come through ``write(_:)``.
    public var descriptor: CInt? { nil }
    /// Only the bytes count.
    public func write(_ events: [LoggedEvent], as buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult {
        write(buffers)
    }
    /// The frame says it.
    public func willWrite(_ resync: Resync) {}
    /// Nothing depends on it.
    public func subscriberHasEnded(_ subscriber: Subscriber, because reason: StreamEnd) {}
    /// Not known.
    public var clientAddress: String { "" }
}

/// Offers bytes to a descriptor, once; the buffers are not kept.
public typealias DescriptorWrite = (CInt, UnsafeMutableBufferPointer<iovec>) -> OutletResult

/// What became of the bytes that an outlet was offered.
public enum OutletResult: Equatable, Sendable {
    /// So many were taken. Fewer than offered: there is no room for more.
    case took(Int)
    /// The other side is gone.
    case gone
}
