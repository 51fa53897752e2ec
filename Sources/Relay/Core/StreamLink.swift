internal import EventLoop
internal import Fanout
internal import Glibc

/// Ties a subscriber to its socket: the hub writes through it, and the socket reports through it.
final class StreamLink: Outlet, StreamSocketOwner {
    private let socket: StreamSocket
    private unowned let worker: Worker
    /// Set once the hub has made it; the socket can report nothing before. The subscriber keeps this link, so it is
    /// there as long as the link is.
    unowned var subscriber: Subscriber?
    /// Where the stream comes from, to be released with the caps.
    let address: String
    /// By the steady clock, in milliseconds.
    let openedAt = System.steadyMilliseconds()

    init(_ socket: StreamSocket, address: String, worker: Worker) {
        self.socket = socket
        self.address = address
        self.worker = worker
        socket.owner = self
    }

    deinit {
        socket.owner = nil
    }

    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult {
        switch socket.write(buffers) {
        case .wrote(let count): .took(count)
        case .wouldBlock: .took(0)
        case .closed: .gone
        }
    }

    func waitForRoom() { socket.waitForRoom() }

    func close() { socket.close() }

    func socketIsWritable(_ socket: StreamSocket) {
        guard let subscriber else { return }
        worker.hasRoom(subscriber)
    }

    func socketHasEnded(_ socket: StreamSocket, because reason: StreamSocket.End) {
        guard let subscriber else { return socket.close() }
        worker.hasLeft(subscriber, because: reason)
    }
}
