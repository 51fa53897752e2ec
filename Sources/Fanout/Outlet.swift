public import Glibc

/// Where a subscriber's bytes go: a socket, or in the simulator a double that writes short, stalls and breaks.
///
/// The hub is in the middle of its work when it calls these: none may call it back before it has returned.
public protocol Outlet: AnyObject {
    /// Where ``Hub/writeDirectly`` may write instead of ``write(_:)``; nil if bytes must come through here. It stays
    /// the same until ``close()``.
    var descriptor: CInt? { get }
    /// Offers bytes, once; the buffers are not kept.
    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult
    /// Asks to be told, by ``Hub/outletHasRoom(_:)``, when bytes will be taken again.
    func waitForRoom()
    /// Ends the connection; what was taken is still sent.
    func close()
}

extension Outlet {
    /// None: bytes come through ``write(_:)``.
    public var descriptor: CInt? { nil }
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
