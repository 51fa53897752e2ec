internal import EventLoop

/// One stream: it asks, reads, and checks what it is shown.
final class Subscription: ClientSocketOwner {
    /// How far it has come.
    enum State: Equatable {
        case idle
        case connecting
        case open
        case ended
    }

    /// Its number among all.
    let index: Int
    /// How far it has come.
    private(set) var state = State.idle
    /// How many events it has been shown, or has missed for good.
    private(set) var cursor = 0
    private let session: Session
    private weak var pool: StreamPool?
    private var socket: ClientSocket?
    private var request: [UInt8] = []
    private var head: [UInt8] = []
    private var splitter = FrameSplitter()
    private var chunks: ChunkDecoder?

    /// A stream that is not opened yet.
    init(index: Int, session: Session, pool: StreamPool) {
        self.index = index
        self.session = session
        self.pool = pool
    }

    /// Connects and sends `request`.
    func open(_ request: [UInt8], to endpoint: Endpoint, from source: UInt8?) {
        self.request = request
        head = []
        splitter.reset()
        chunks = nil
        state = .connecting
        do {
            socket = try ClientSocket(
                to: endpoint, from: source, on: session.loop, into: session.buffer, owner: self)
        } catch {
            fail(error.description)
        }
    }

    /// Goes away without a word.
    func close() {
        socket?.close()
        socket = nil
        state = .idle
    }

    func socketIsConnected(_ socket: ClientSocket) {
        socket.send(request)
        request = []
    }

    func socket(_ socket: ClientSocket, received bytes: UnsafeRawBufferPointer) {
        guard state == .open else { return takeHead(bytes) }
        takeBody(bytes)
    }

    func socketHasEnded(_ socket: ClientSocket, because reason: String) {
        self.socket = nil
        fail(reason)
    }

    private func takeHead(_ bytes: UnsafeRawBufferPointer) {
        head.append(contentsOf: bytes)
        guard let end = ResponseHead.end(in: head) else { return }
        guard let response = ResponseHead(head[..<end.head]), response.status == 200 else {
            return fail("refused: \(String(decoding: head.prefix(while: { $0 != 0x0D }), as: UTF8.self))")
        }
        if response.isChunked { chunks = ChunkDecoder() }
        state = .open
        let rest = Array(head[end.body...])
        head = []
        rest.withUnsafeBytes { takeBody($0) }
        pool?.streamIsOpen()
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) {
        let now = SteadyClock.nanoseconds()
        guard chunks != nil else { return takeText(bytes, now) }
        chunks?.decode(bytes) { takeText($0, now) }
    }

    private func takeText(_ bytes: UnsafeRawBufferPointer, _ now: Int64) {
        let before = cursor
        splitter.split(bytes) { session.take($0, stream: index, cursor: &cursor, now: now) }
        if cursor != before { pool?.streamAdvanced(to: cursor, from: before) }
    }

    private func fail(_ reason: String) {
        socket?.close()
        socket = nil
        let wasOpen = state == .open
        state = .ended
        session.faults.note(
            wasOpen ? "ended" : "not opened", "stream \(index) \(wasOpen ? "ended" : "did not open"): \(reason)")
        pool?.streamFailed(wasOpen: wasOpen)
    }
}
