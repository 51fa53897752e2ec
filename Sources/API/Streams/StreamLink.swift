internal import EventLoop
internal import Fanout
internal import Glibc
package import Platform
internal import Wire

/// Connects a subscriber of the hub with its socket: the hub writes to the socket through it, and the socket tells the
/// hub through it when it is writable or has ended.
final class StreamLink: Outlet, StreamSocketOwner {
    private let socket: StreamSocket
    private unowned let streams: Streams
    /// Set once the hub has made the subscriber; the socket reports nothing before. The subscriber owns this link and
    /// so lives as long as it.
    unowned var subscriber: Subscriber?
    /// The client's address, to uncount the stream at its end.
    let clientAddress: String
    /// When the stream began.
    let openedAt = SteadyTime.now()

    init(_ socket: StreamSocket, address: String, streams: Streams) {
        self.socket = socket
        clientAddress = address
        self.streams = streams
        socket.owner = self
    }

    deinit {
        socket.owner = nil
    }

    var descriptor: CInt? { socket.takesPlainBytes ? socket.descriptor : nil }

    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult { OutletResult(socket.write(buffers)) }

    func waitForRoom() { socket.waitForRoom() }

    func close() { socket.close() }

    func subscriberHasEnded(_ subscriber: Subscriber, because reason: StreamEnd) {
        streams.hasEnded(subscriber, self, because: reason)
    }

    func socketIsWritable(_ socket: StreamSocket) {
        guard let subscriber else { return }
        streams.hasRoom(subscriber)
    }

    func socketHasEnded(_ socket: StreamSocket, because reason: StreamSocket.End) {
        guard let subscriber else { return socket.close() }
        streams.hasLeft(subscriber, because: reason)
    }
}

extension OutletResult {
    /// What a write to a socket came to, in the hub's terms.
    package init(_ result: System.WriteResult) {
        switch result {
        case .wrote(let count): self = .took(count)
        case .wouldBlock: self = .took(0)
        case .closed: self = .gone
        }
    }
}
