internal import Platform

/// One stream: it asks, reads, and passes on what it is shown.
final class Subscription: ClientSocketOwner {
    /// How far it has come.
    enum State: Equatable {
        case idle
        case connecting
        case open
        case refused
    }

    /// Its number among all.
    let index: Int
    /// How far it has come.
    private(set) var state = State.idle
    private weak var shard: Shard?
    private let examiner: Examiner
    private var socket: ClientSocket?
    /// What is left of its last connection with TLS.
    private var session: TLSSession?
    private var request: [UInt8] = []
    private var head: [UInt8] = []
    private var splitter = FrameSplitter()
    private var chunks: ChunkDecoder?
    private var openedNanoseconds: Int64 = 0

    /// A stream that is not opened yet.
    init(index: Int, shard: Shard, examiner: Examiner) {
        self.index = index
        self.shard = shard
        self.examiner = examiner
    }

    /// Connects and sends `request`.
    func open(_ request: [UInt8], over route: Route, from source: UInt8?, receiveBufferBytes: CInt?) {
        guard let shard else { return }
        self.request = request
        head = []
        splitter.reset()
        chunks = nil
        state = .connecting
        do {
            socket = try ClientSocket(
                over: route, resuming: session, from: source, receiveBufferBytes: receiveBufferBytes,
                at: shard.place, owner: self)
        } catch {
            fail(error.description)
        }
    }

    /// Goes away without a word.
    func close() {
        closeSocket()
        state = .idle
    }

    private func closeSocket() {
        socket?.close()
        if let socket { session = socket.session }
        socket = nil
    }

    /// Comes back as somebody whom the server has not seen.
    func forgetSession() {
        session = nil
    }

    /// Stops reading, or reads on.
    func stall(_ isStalled: Bool) {
        socket?.stall(isStalled)
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
        fail(reason)
    }

    private func takeHead(_ bytes: UnsafeRawBufferPointer) {
        head.append(contentsOf: bytes)
        let reading = head.withUnsafeBytes(ResponseHead.read)
        if reading == .incomplete { return }
        guard case .head(let response) = reading, response.status == 200 else {
            return fail("refused: \(String(decoding: head.prefix(while: { $0 != 0x0D }), as: UTF8.self))")
        }
        if response.isChunked { chunks = ChunkDecoder() }
        state = .open
        openedNanoseconds = SteadyClock.nanoseconds()
        let rest = Array(head[response.length...])
        head = []
        rest.withUnsafeBytes { takeBody($0) }
        shard?.streamIsOpen(at: openedNanoseconds)
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) {
        let now = SteadyClock.nanoseconds()
        examiner.tally.turn(to: now)
        guard chunks != nil else { return takeText(bytes, now) }
        chunks?.decode(bytes) { takeText($0, now) }
        if chunks?.isDone == true { fail("the server ended the body") }
    }

    private func takeText(_ bytes: UnsafeRawBufferPointer, _ now: Int64) {
        splitter.split(bytes) { examiner.take($0, stream: index, openedAt: openedNanoseconds, now: now) }
    }

    private func fail(_ reason: String) {
        closeSocket()
        let wasOpen = state == .open
        state = wasOpen ? .idle : .refused
        shard?.streamEnded(self, wasOpen: wasOpen, because: reason)
    }
}
