internal import EventLoop
internal import Fanout
internal import Glibc
internal import Platform
internal import Telemetry
internal import Wire

/// Ties a subscriber to its socket: the hub writes through it, and the socket reports through it.
final class StreamLink: Outlet, StreamSocketOwner {
    private let socket: StreamSocket
    private unowned let worker: Worker
    /// Set once the hub has made it; the socket can report nothing before. The subscriber keeps this link, so it is
    /// there as long as the link is.
    unowned var subscriber: Subscriber?
    /// Where the stream comes from, to be released with the caps.
    let address: String
    /// When the stream began.
    let openedAt = SteadyTime.now()

    init(_ socket: StreamSocket, address: String, worker: Worker) {
        self.socket = socket
        self.address = address
        self.worker = worker
        socket.owner = self
    }

    deinit {
        socket.owner = nil
    }

    var descriptor: CInt? { socket.takesPlainBytes ? socket.descriptor : nil }

    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult { OutletResult(socket.write(buffers)) }

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

extension OutletResult {
    /// What a write to a socket came to, in the hub's terms.
    init(_ result: System.WriteResult) {
        switch result {
        case .wrote(let count): self = .took(count)
        case .wouldBlock: self = .took(0)
        case .closed: self = .gone
        }
    }
}

// What a stream's socket and the hub tell of it.
extension Worker {
    func hasRoom(_ subscriber: Subscriber) {
        setTime()
        hub.outletHasRoom(subscriber)
        scheduleTurn()
    }

    func hasLeft(_ subscriber: Subscriber, because reason: StreamSocket.End) {
        setTime()
        hub.end(subscriber, reason == .strayInput ? .strayInput : .clientClosed)
    }

    /// The subscriber has ended, and counts no more.
    func release(_ subscriber: Subscriber, because reason: StreamEnd) {
        if let poll = subscriber.outlet as? PagePoll {
            polls.removeAll { $0 === poll }
            guard let address = poll.countedAddress else { return }
            return context.release(subscriber.principal, address: address)
        }
        guard let link = subscriber.outlet as? StreamLink else { return }
        context.requests.ended(
            RequestLog.End(
                stream: subscriber.id, principal: subscriber.principal, address: link.address,
                reason: reason.rawValue,
                milliseconds: SteadyTime.now() - link.openedAt, events: subscriber.sentEvents,
                bytes: subscriber.sentBytes))
        // Whoever replaced it has released it then.
        guard context.order?.remove(subscriber.id, of: subscriber.principal) ?? true else { return }
        context.release(subscriber.principal, address: link.address)
    }
}
