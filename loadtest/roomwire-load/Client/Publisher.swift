internal import EventLoop

/// Posts events over a few connections that stay open, each with one request at a time: what is due while all are
/// busy waits, and its latency counts from when it was due.
final class Publisher {
    /// Events that were answered with 2xx.
    private(set) var acceptedCount = 0
    /// Events that were answered otherwise, or not at all.
    private(set) var refusedCount = 0
    private let session: Session
    private let publication: Publication
    private let endpoint: Endpoint
    private var idle: [PublisherConnection] = []
    private var all: [PublisherConnection] = []
    private var waiting: [Int] = []
    private var next = 0

    /// A publisher with its connections on the way.
    init(
        _ publication: Publication, to endpoint: Endpoint, connections: Int, session: Session
    ) throws(SystemError) {
        self.session = session
        self.publication = publication
        self.endpoint = endpoint
        for _ in 0..<connections {
            let connection = PublisherConnection(self)
            try connection.connect(to: endpoint, session: session)
            all.append(connection)
        }
    }

    /// Whether all connections stand and wait for work.
    var isIdle: Bool { idle.count == all.count && next == waiting.count }

    /// Whether everything was answered.
    var isDone: Bool { acceptedCount + refusedCount == session.ledger.publishedCount }

    /// Publishes an event that was due at `moment`.
    func publish(due moment: Int64) {
        waiting.append(session.publish(due: moment))
        work()
    }

    private func work() {
        while next < waiting.count, let connection = idle.popLast() {
            let number = waiting[next]
            next += 1
            connection.post(publication.request(number, marker: session.marker, to: endpoint))
        }
    }

    fileprivate func isFree(_ connection: PublisherConnection) {
        idle.append(connection)
        work()
    }

    fileprivate func answered(_ status: Int) {
        if 200...299 ~= status { return acceptedCount += 1 }
        refusedCount += 1
        session.faults.note("not published", "an event was answered with \(status)")
    }

    fileprivate func lost(_ connection: PublisherConnection, wasBusy: Bool, because reason: String) {
        if wasBusy { refusedCount += 1 }
        all.removeAll { $0 === connection }
        idle.removeAll { $0 === connection }
        session.faults.note("publisher lost", "a publisher's connection ended: \(reason)")
    }
}

/// One connection of a publisher.
private final class PublisherConnection: ClientSocketOwner {
    private weak var publisher: Publisher?
    private var socket: ClientSocket?
    private var answer: [UInt8] = []
    private var isBusy = false

    init(_ publisher: Publisher) {
        self.publisher = publisher
    }

    func connect(to endpoint: Endpoint, session: Session) throws(SystemError) {
        socket = try ClientSocket(to: endpoint, from: nil, on: session.loop, into: session.buffer, owner: self)
    }

    func post(_ request: [UInt8]) {
        isBusy = true
        answer = []
        socket?.send(request)
    }

    func socketIsConnected(_ socket: ClientSocket) {
        publisher?.isFree(self)
    }

    func socket(_ socket: ClientSocket, received bytes: UnsafeRawBufferPointer) {
        answer.append(contentsOf: bytes)
        guard isBusy, let end = ResponseHead.end(in: answer), let head = ResponseHead(answer[..<end.head]),
            isWhole(head, body: answer[end.body...])
        else { return }
        isBusy = false
        publisher?.answered(head.status)
        publisher?.isFree(self)
    }

    private func isWhole(_ head: ResponseHead, body: ArraySlice<UInt8>) -> Bool {
        guard head.isChunked else { return body.count >= head.contentLength ?? 0 }
        var chunks = ChunkDecoder()
        body.withUnsafeBytes { chunks.decode($0) { _ in } }
        return chunks.isDone
    }

    func socketHasEnded(_ socket: ClientSocket, because reason: String) {
        publisher?.lost(self, wasBusy: isBusy, because: reason)
    }
}
