internal import CLibevent
public import EventLoop
internal import Glibc
public import Platform
public import Wire

/// One request that waits for its answer. It belongs to its loop; exactly one of ``reply(_:)`` and ``takeOver()``
/// ends it.
public final class Exchange {
    /// What was asked.
    public let request: HTTPRequest
    /// Started when the request was complete.
    public let stopwatch = Stopwatch()
    /// Closes the connection after the answer, whatever that says.
    public var closesConnection = false
    /// Whose request it turned out to be: for the log.
    public var user: WireText?
    /// Which issuer vouches for the user's name.
    public var issuer: WireText?
    /// One of many of its kind, each without interest if it is answered well: for the log.
    public var isRoutine = false
    /// What it was answered; nil until then.
    public private(set) var answer: Answer?
    private let answered: (Exchange, Answer) -> Void
    private let loop: Loop
    private var handle: OpaquePointer?
    private var isAnswered = false
    /// Until the request has its answer, or the connection is gone.
    private var connection: DoorConnection?
    private let direct: DirectAnswer
    private let scratch: TLSStreamSocket.Scratch

    /// What a request was answered, for the log.
    public struct Answer: Sendable {
        /// The status; ``clientGone`` if nobody was there any more.
        public let status: Int
        /// Bytes of the body.
        public let bytes: Int

        /// No status of HTTP: the client has gone before its answer came.
        public static let clientGone = 499
    }

    init(
        _ handle: OpaquePointer, request: HTTPRequest, of connection: DoorConnection?,
        direct: DirectAnswer, scratch: TLSStreamSocket.Scratch, on loop: Loop,
        answered: @escaping (Exchange, Answer) -> Void
    ) {
        self.answered = answered
        self.handle = handle
        self.direct = direct
        self.scratch = scratch
        self.request = request
        self.connection = connection
        self.loop = loop
        connection?.exchange = self
    }

    deinit {
        // Nobody answered: a bug, but the client must not wait for ever.
        if handle != nil { reply(HTTPResponse(status: 500)) }
    }

    /// True once it is answered, or its client has gone. It asks the system, since evhttp does not listen to the
    /// client while an answer is due: for a look now and then.
    public var hasEnded: Bool {
        guard let handle, let connection = evhttp_request_get_connection(handle) else { return true }
        if let handshake = self.connection?.handshake { return handshake.isClosedByClient }
        var byte: UInt8 = 0
        let descriptor = bufferevent_getfd(evhttp_connection_get_bufferevent(connection))
        let count = recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
    }

    /// The connection is closing, and libevent frees the request itself.
    func forget() { _ = release() }

    /// Lets go of the connection, which has its request to end.
    private func release() -> DoorConnection? {
        handle = nil
        connection?.exchange = nil
        defer { connection = nil }
        return connection
    }

    /// Answers. Does nothing if the exchange has ended.
    /// - Parameter held: an object that is kept until the socket has taken the whole answer, or the connection has
    ///   ended: while the client does not read, the answer takes memory.
    public func reply(_ response: HTTPResponse, holding held: AnyObject? = nil) {
        guard !isAnswered else { return }
        isAnswered = true
        guard let handle else { return tell(Answer(status: Answer.clientGone, bytes: 0)) }
        let connection = release()
        defer { tell(Answer(status: response.status, bytes: response.body.count)) }
        // Who is told to come back later is not waited for.
        let closes =
            closesConnection || response.closesConnection || request.closesConnection || response.status == 429
        if let connection, request.isOrdinary, !closes, let bytes = direct.bytes(of: response),
            connection.answerDirectly(bytes, to: handle)
        {
            return
        }
        let headers = evhttp_request_get_output_headers(handle)
        for header in response.headers { evhttp_add_header(headers, header.name, header.value) }
        if closes { evhttp_add_header(headers, "Connection", "close") }
        if request.method == "HEAD" {
            // evhttp would send the body all the same, and the client would read it as the next answer.
            if response.hasLength { evhttp_add_header(headers, "Content-Length", String(response.body.count)) }
        } else if !response.body.isEmpty {
            evbuffer_add(evhttp_request_get_output_buffer(handle), response.body, response.body.count)
        }
        let send = { evhttp_send_reply(handle, CInt(response.status), HTTPResponse.reason(response.status), nil) }
        guard let connection else { return send() }
        // Before the answer is in the buffer: the socket may take it at once.
        connection.heldByAnswer = held
        connection.answer(closes: closes, send)
    }

    private func tell(_ answer: Answer) {
        self.answer = answer
        answered(self, answer)
    }

    /// Takes the connection away from evhttp to use it as a stream: nothing of the answer has been sent.
    ///
    /// evhttp keeps about 3 KB for each connection and takes twice the time for a write, which is nothing for a
    /// request and too much for thousands of streams. Freeing its connection would shut the socket down, so that
    /// happens to a stand-in: the socket moves to a new descriptor, and `/dev/null` takes its old number.
    /// - Returns: the stream, or nil if the descriptor could not be moved; the connection is closed then.
    public func takeOver() -> StreamSocket? {
        guard let handle, let link = evhttp_request_get_connection(handle) else { return nil }
        let connection = release()
        isAnswered = true
        let events = evhttp_connection_get_bufferevent(link)
        // This takes the old number out of epoll, while it still means the socket.
        bufferevent_disable(events, Int16(EV_READ | EV_WRITE))
        let old = bufferevent_getfd(events)
        let moved = fcntl(old, F_DUPFD_CLOEXEC, 0)
        let standIn = open("/dev/null", O_RDWR | O_CLOEXEC)
        if standIn >= 0 {
            dup2(standIn, old)
            close(standIn)
        }
        let ssl = moved >= 0 && standIn >= 0 ? connection?.handOff() : nil
        // Frees the request as well.
        evhttp_connection_free(link)
        guard moved >= 0 else { return nil }
        guard standIn >= 0 else {
            close(moved)
            return nil
        }
        guard let ssl else { return StreamSocket(takingOver: moved, on: loop) }
        // The bufferevent closes what its TLS connection writes to, later on; that is the new descriptor by then,
        // which the connection does not give away.
        close(old)
        return TLSStreamSocket(takingOver: moved, ssl: ssl, scratch: scratch, on: loop)
    }
}
