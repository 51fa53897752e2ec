internal import CLibevent
package import EventLoop
internal import Glibc
package import Platform
package import Wire

/// One request and its answer. It belongs to its loop. Exactly one call of ``reply(_:)`` or ``takeOver()`` ends it.
package final class Exchange {
    /// The request.
    package let request: HTTPRequest
    /// Started when the request was complete.
    package let stopwatch = Stopwatch()
    /// Set this to close the connection after the answer, whatever the answer says.
    package var closesConnection = false
    /// The user who is authenticated: for the log.
    package var user: WireText?
    /// The issuer of the user's token: for the log.
    package var issuer: WireText?
    /// True for frequent requests, which are logged only if they fail.
    package var isRoutine = false
    /// The answer; nil until there is one.
    package private(set) var answer: Answer?
    private let answered: (Exchange, Answer) -> Void
    private let loop: Loop
    private var handle: OpaquePointer?
    private var isAnswered = false
    /// The connection; nil once the request is answered or the connection is gone.
    private var connection: DoorConnection?
    private let direct: DirectAnswer
    private let scratch: TLSStreamSocket.Scratch

    /// Status and length of an answer, for the log.
    package struct Answer: Sendable {
        /// The status; ``clientGone`` if the client had closed the connection.
        package let status: Int
        /// Bytes of the body.
        package let bytes: Int

        /// Not an HTTP status: the client closed the connection before it was answered.
        package static let clientGone = 499
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
        // No handler has answered. That is a bug, but the client must not wait for ever.
        if handle != nil { reply(HTTPResponse(status: 500)) }
    }

    /// True once it is answered, or its client has closed the connection. It makes a system call, since evhttp does not
    /// read from the client before the answer, so call it only now and then.
    package var hasEnded: Bool {
        guard let handle, let connection = evhttp_request_get_connection(handle) else { return true }
        if let handshake = self.connection?.handshake { return handshake.isClosedByClient }
        var byte: UInt8 = 0
        let descriptor = bufferevent_getfd(evhttp_connection_get_bufferevent(connection))
        let count = recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
    }

    /// Detaches from the connection, because libevent frees the connection and the request.
    func forget() { _ = release() }

    /// Detaches from the connection and returns it, so that the caller can write the answer.
    private func release() -> DoorConnection? {
        handle = nil
        connection?.exchange = nil
        defer { connection = nil }
        return connection
    }

    /// Sends the answer. Does nothing if the exchange has ended.
    /// - Parameter held: an object that is kept until the socket has accepted the whole answer, or the connection has
    ///   ended: until the client has read it, the answer occupies memory.
    package func reply(_ response: HTTPResponse, holding held: AnyObject? = nil) {
        loop.assertIsCurrent()
        guard !isAnswered else { return }
        isAnswered = true
        guard let handle else { return tell(Answer(status: Answer.clientGone, bytes: 0)) }
        let connection = release()
        defer { tell(Answer(status: response.status, bytes: response.body.count)) }
        // A client that is told to retry later must connect again, so that its idle connection occupies no descriptor.
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
            // evhttp would send the body for HEAD too, and the client would read it as the next answer.
            if response.hasLength { evhttp_add_header(headers, "Content-Length", String(response.body.count)) }
        } else if !response.body.isEmpty {
            evbuffer_add(evhttp_request_get_output_buffer(handle), response.body, response.body.count)
        }
        let send = { evhttp_send_reply(handle, CInt(response.status), HTTPResponse.reason(response.status), nil) }
        guard let connection else { return send() }
        // Set before the answer is added to the buffer, since the socket may accept it at once.
        connection.heldByAnswer = held
        connection.answer(closes: closes, send)
    }

    private func tell(_ answer: Answer) {
        self.answer = answer
        answered(self, answer)
    }

    /// Detaches the socket from evhttp to use it as a stream. Nothing of the answer has been sent yet.
    ///
    /// evhttp occupies about 3 KB for each connection and needs twice the time for a write: little for a request, but
    /// too much for thousands of streams. When evhttp frees its connection it would shut the socket down, so the socket
    /// moves to a new descriptor, and `/dev/null` gets its old number.
    /// - Returns: the stream, or nil if the descriptor could not be moved; then the connection is closed.
    package func takeOver() -> StreamSocket? {
        loop.assertIsCurrent()
        assert(!isAnswered || handle == nil, "a request that is answered cannot become a stream")
        guard let handle, let link = evhttp_request_get_connection(handle) else { return nil }
        let connection = release()
        isAnswered = true
        let events = evhttp_connection_get_bufferevent(link)
        // This removes the old number from epoll, while it still refers to the socket.
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
        // The bufferevent closes later the descriptor that its TLS connection writes to. By then that is the new one,
        // which the stream's BIO does not reveal.
        close(old)
        return TLSStreamSocket(takingOver: moved, ssl: ssl, scratch: scratch, on: loop)
    }
}
