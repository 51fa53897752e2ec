package import Events
package import Glibc
internal import Wire

/// The destination of a subscriber's bytes: a socket, a page that collects events, or in the simulator a double that
/// writes short, stalls and breaks.
///
/// The hub calls these in the middle of its work, so none of them may call the hub before it has returned.
package protocol Outlet: AnyObject {
    /// The descriptor to which ``Hub/writeDirectly`` may write instead of ``write(_:)``; nil if all bytes must go
    /// through ``write(_:)``. It does not change until ``close()``.
    var descriptor: CInt? { get }
    /// Offers bytes, once; the buffers are not kept.
    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult
    /// Offers events, once, and their encoded bytes; the buffers are not kept. An outlet that collects events keeps
    /// the events instead of the bytes, and reports that it accepted all bytes.
    func write(_ events: [JournalEvent], as buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult
    /// Announces that the next frame tells the client that all its data may be stale.
    func willWrite(_ resync: Resync)
    /// Requests a call of ``Hub/outletHasRoom(_:)`` when the outlet accepts bytes again.
    func waitForRoom()
    /// Ends the connection. Bytes that were accepted are still sent.
    func close()
    /// The stream has ended, after ``close()``: the hub knows the subscriber no longer.
    func subscriberHasEnded(_ subscriber: Subscriber, because reason: StreamEnd)
    /// The address of the client, for the operator's list of streams.
    var clientAddress: String { get }
}

extension Outlet {
    /// None: all bytes go through ``write(_:)``.
    package var descriptor: CInt? { nil }
    /// Only the bytes count.
    package func write(_ events: [JournalEvent], as buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult {
        write(buffers)
    }
    /// Does nothing: the frame itself tells the client.
    package func willWrite(_ resync: Resync) {}
    /// Does nothing.
    package func subscriberHasEnded(_ subscriber: Subscriber, because reason: StreamEnd) {}
    /// Empty: not known.
    package var clientAddress: String { "" }
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
