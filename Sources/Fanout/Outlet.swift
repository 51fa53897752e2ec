package import Glibc

/// The destination of a subscriber's bytes: a socket, or in the simulator a double that writes short, stalls and
/// breaks.
///
/// The hub calls these in the middle of its work, so none of them may call the hub before it has returned.
package protocol Outlet: AnyObject {
    /// The descriptor to which ``Hub/writeDirectly`` may write instead of ``write(_:)``; nil if all bytes must go
    /// through ``write(_:)``. It does not change until ``close()``.
    var descriptor: CInt? { get }
    /// Offers bytes, once; the buffers are not kept.
    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult
    /// Requests a call of ``Hub/outletHasRoom(_:)`` when the outlet accepts bytes again.
    func waitForRoom()
    /// Ends the connection. Bytes that were accepted are still sent.
    func close()
}

extension Outlet {
    /// None: all bytes go through ``write(_:)``.
    package var descriptor: CInt? { nil }
}

/// Offers bytes to a descriptor, once; the buffers are not kept.
package typealias DescriptorWrite = (CInt, UnsafeMutableBufferPointer<iovec>) -> OutletResult

/// The result of offering bytes to an outlet.
package enum OutletResult: Equatable, Sendable {
    /// This many bytes were accepted. If they are fewer than offered, the outlet is full.
    case took(Int)
    /// The connection is closed or broken.
    case gone
}
