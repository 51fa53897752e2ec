internal import EventLoop
internal import Histogram
internal import Platform

/// Publishes over a few connections that stay open, each with one request at a time: what is due while all are busy
/// waits, and its latency counts from when it was due.
final class Publisher {
    /// Events that were answered with 2xx.
    private(set) var acceptedCount = 0
    /// Events that were answered otherwise, or not at all.
    private(set) var refusedCount = 0
    /// How long answers took, from when the event was due, in microseconds.
    private(set) var answers = Tally.histogram()
    /// What the server did wrong.
    private(set) var faults = Faults()
    /// How many events were published on each channel.
    private(set) var published: [Int]
    /// What is published whenever a connection is free, room by room; nil when nothing more is to come.
    var refill: (() -> Int?)?
    private var publication: Publication
    private let route: Route
    private let place: Workplace
    private let lanes: Int
    /// The request that is written just now.
    private var request: [UInt8] = []
    private var idle: [PublisherConnection] = []
    private var all: [PublisherConnection] = []
    private var waiting: [(room: Int, due: Int64)] = []
    private var next = 0

    /// A publisher with its connections on the way. With several, each has a channel of its own in every room, since
    /// only the server knows the order of their events.
    init(
        _ publication: Publication, over route: Route, rooms: Int, connections: Int,
        at place: Workplace
    ) throws(SystemError) {
        self.publication = publication
        self.route = route
        self.place = place
        lanes = connections
        published = Array(repeating: 0, count: rooms * connections)
        for lane in 0..<connections {
            let connection = PublisherConnection(self, lane: lane)
            try connection.connect(over: route, at: place)
            all.append(connection)
        }
    }

    /// Whether all connections stand and wait for work.
    var isIdle: Bool { idle.count == all.count && next == waiting.count }

    /// Whether a connection is left.
    var isAlive: Bool { !all.isEmpty }

    /// How many events were published, answered or not.
    private(set) var publishedCount = 0

    /// Whether everything was answered.
    var isDone: Bool { next == waiting.count && acceptedCount + refusedCount == publishedCount }

    /// Publishes an event to a room, that was due at `moment`.
    func publish(to room: Int, due moment: Int64) {
        if next == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            next = 0
        }
        waiting.append((room, moment))
        work()
    }

    /// Begins to publish what `refill` gives.
    func start() {
        for connection in idle { fill(connection) }
        idle.removeAll { $0.isBusy }
    }

    private func work() {
        while next < waiting.count, let connection = idle.popLast() {
            if connection.isStale {
                lost(connection, stood: true, because: "it was idle for long")
                continue
            }
            let (room, due) = waiting[next]
            next += 1
            post(to: room, due: due, over: connection)
        }
    }

    private func post(to room: Int, due: Int64, over connection: PublisherConnection) {
        let channel = room * lanes + connection.lane
        let label = Marker.Label(channel: channel, sequence: published[channel], dueNanoseconds: due)
        published[channel] += 1
        publishedCount += 1
        publication.write(label, room: room, to: &request)
        connection.post(request, due: due)
    }

    private func fill(_ connection: PublisherConnection) {
        guard let room = refill?() else { return }
        post(to: room, due: SteadyClock.nanoseconds(), over: connection)
    }

    /// - Parameter closes: whether the server closes it now, so that a new one must take its place.
    fileprivate func isFree(_ connection: PublisherConnection, closes: Bool = false) {
        if closes { return lost(connection, stood: true, because: "") }
        if refill != nil { fill(connection) }
        guard !connection.isBusy else { return }
        idle.append(connection)
        work()
    }

    fileprivate func answered(_ status: Int, due: Int64, at now: Int64) {
        let lapse = UInt64(max(0, now - due) / 1000)
        answers.record(min(Tally.longestMicroseconds, lapse))
        if 200...299 ~= status { return acceptedCount += 1 }
        refusedCount += 1
        faults.note(.notPublished, "an event was answered with \(status)")
    }

    /// More came than one answer for one request: whoever answers twice, or not what was asked, has a wrong pace.
    fileprivate func noteSurplus() {
        faults.note(.publisherLost, "a publisher was sent more than one answer to its request")
    }

    /// Servers close what is idle for long: that is no fault, and the connection is made anew.
    fileprivate func lost(_ connection: PublisherConnection, stood: Bool, because reason: String) {
        idle.removeAll { $0 === connection }
        if connection.isBusy || !stood {
            faults.note(.publisherLost, "a publisher's connection ended: \(reason)")
        }
        if connection.isBusy { refusedCount += 1 }
        do {
            if stood { return try connection.connect(over: route, at: place) }
        } catch {
            faults.note(.publisherLost, error.description)
        }
        all.removeAll { $0 === connection }
    }
}

/// One connection of a publisher.
private final class PublisherConnection: ClientSocketOwner {
    /// Its number, which is that of its channel in each room.
    let lane: Int
    /// Whether an answer is awaited.
    private(set) var isBusy = false
    /// Whether it was idle for so long that the server may be closing it right now: what is sent then is lost. Node
    /// does so after 5 s, others later.
    var isStale: Bool { SteadyClock.nanoseconds() - lastNanoseconds > Self.freshNanoseconds }

    private static let freshNanoseconds: Int64 = 2_000_000_000
    private var lastNanoseconds: Int64 = 0
    private weak var publisher: Publisher?
    private var socket: ClientSocket?
    private var answer: [UInt8] = []
    private var due: Int64 = 0
    private var isConnected = false

    init(_ publisher: Publisher, lane: Int) {
        self.publisher = publisher
        self.lane = lane
    }

    func connect(over route: Route, at place: Workplace) throws(SystemError) {
        isBusy = false
        isConnected = false
        socket?.close()
        socket = try ClientSocket(over: route, resuming: socket?.session, from: nil, at: place, owner: self)
    }

    func post(_ request: [UInt8], due: Int64) {
        isBusy = true
        self.due = due
        answer.removeAll(keepingCapacity: true)
        socket?.send(request)
    }

    func socketIsConnected(_ socket: ClientSocket) {
        isConnected = true
        lastNanoseconds = SteadyClock.nanoseconds()
        publisher?.isFree(self)
    }

    func socket(_ socket: ClientSocket, received bytes: UnsafeRawBufferPointer) {
        guard isBusy else {
            // What a server says before it closes a connection that was idle for long is no answer.
            if !isStale { publisher?.noteSurplus() }
            return
        }
        // An answer that one read brings, which is the usual case, is read where it stands.
        let isFirst = answer.isEmpty
        if !isFirst { answer.append(contentsOf: bytes) }
        switch isFirst ? Self.answer(in: bytes) : answer.withUnsafeBytes(Self.answer) {
        case .incomplete: if isFirst { answer.append(contentsOf: bytes) }
        case .foreign: publisher?.lost(self, stood: true, because: "the answer is no HTTP")
        case .head(let head):
            isBusy = false
            lastNanoseconds = SteadyClock.nanoseconds()
            let came = isFirst ? bytes.count : answer.count
            if !head.isChunked, came > head.length + (head.contentLength ?? 0) { publisher?.noteSurplus() }
            publisher?.answered(head.status, due: due, at: lastNanoseconds)
            publisher?.isFree(self, closes: head.closes)
        }
    }

    /// The head of an answer, once its body is there, too.
    private static func answer(in bytes: UnsafeRawBufferPointer) -> ResponseHead.Reading {
        let reading = ResponseHead.read(bytes)
        guard case .head(let head) = reading else { return reading }
        let body = UnsafeRawBufferPointer(rebasing: bytes[head.length...])
        guard head.isChunked else { return body.count >= head.contentLength ?? 0 ? .head(head) : .incomplete }
        var chunks = ChunkDecoder()
        chunks.decode(body) { _ in }
        return chunks.isDone ? .head(head) : .incomplete
    }

    func socketHasEnded(_ socket: ClientSocket, because reason: String) {
        publisher?.lost(self, stood: isConnected, because: reason)
    }
}
