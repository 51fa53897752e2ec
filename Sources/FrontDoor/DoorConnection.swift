internal import CLibevent
internal import COpenSSL
internal import Glibc
internal import Platform
internal import Wire

/// The door's own record of a connection, beside evhttp's: how far its request has arrived, and since when.
///
/// evhttp calls no callback when it frees a connection on which nothing was ever sent. The record of such a connection
/// stays until libevent uses the address of its buffer again, so there are never more records than there were
/// connections at one time.
final class DoorConnection {
    let input: OpaquePointer
    let transport: OpaquePointer
    weak var door: Door?
    /// The connection's TLS, if it has some.
    let handshake: TLSHandshake?
    /// The request that is being received or served.
    private var check = RequestCheck()
    /// When the first byte arrived of the request that is being received.
    private(set) var startedAt: SteadyTime?
    /// When the connection was accepted.
    let acceptedAt = SteadyTime.now()
    /// True once a request was complete.
    private(set) var hasServed = false
    private var isWatched = false
    private(set) var phase = Phase.reading
    /// Bytes received of a request that is not complete.
    private(set) var unfinishedBytes = 0
    /// When the last request ended, or when the connection was accepted.
    private(set) var idleSince: SteadyTime
    /// The address to which it is counted; nil if it is not counted.
    var countedAs: WireText?
    /// Set when the connection was refused. It has evhttp's record of the connection, from which evhttp gets no more
    /// input.
    var refusedConnection: RefusedConnection?
    private var waitingInput = WaitingInput()
    /// True while an answer is in the output buffer. Until it is written, evhttp reads no further request.
    private var answerWaits = false
    /// True once its socket belongs to a stream.
    var isHandedOff = false
    /// The request that is being served. It is told when the connection is gone, and removes itself here when it is
    /// answered.
    ///
    /// Unowned and not weak: a weak reference costs each request a table beside its object.
    unowned var exchange: Exchange?
    /// An object that is kept until the last answer is written to the socket, or the connection is gone.
    var heldByAnswer: AnyObject?

    enum Phase {
        /// Waiting for a request or receiving one. Output written now is a refusal by evhttp itself.
        case reading
        /// A handler has the request.
        case serving
        /// The answer is being added to the output buffer, piece by piece.
        case answering
        /// The last answer is being sent, and then the connection closes. Further input is dropped.
        case closing
        /// The request was refused, and the connection closes.
        case refused
    }

    init(transport: OpaquePointer, input: OpaquePointer, handshake: TLSHandshake?, door: Door) {
        self.transport = transport
        self.input = input
        self.handshake = handshake
        self.door = door
        idleSince = acceptedAt
        let this = Unmanaged.passUnretained(self).toOpaque()
        evbuffer_add_cb(input, inputHasChanged, this)
        evbuffer_add_cb(bufferevent_get_output(transport), outputHasChanged, this)
        handshake?.connection = self
    }

    /// Examines new input: the last `count` of the waiting bytes.
    fileprivate func inputGrew(by count: Int) {
        watchForClose()
        handshake?.applicationDataCame()
        switch phase {
        case .reading: break
        // Bytes after a refusal or after the last answer are dropped before evhttp sees them.
        case .refused:
            dropInput()
            return refusedBodyCame(count)
        case .closing: return dropInput()
        // While a request is being served, the bytes of the next one wait; they are scanned when their turn comes.
        case .serving, .answering: return
        }
        if startedAt == nil { startedAt = SteadyTime.now() }
        // Not for the bytes with the end of the head: evhttp may have to send "100 Continue".
        let isInBody = check.isInBody
        if isInBody { check.bodyGrew(by: count) }
        // Data inside a chunk is skipped without a look at it, however much of it waits.
        if !check.skip(count) { checkInput(from: evbuffer_get_length(input) - count) }
        if phase == .reading { self.count(unfinished: unfinishedBytes + count) }
        if isInBody { gatherBody() }
        waitingInput.grew(input, by: count, joins: phase == .reading)
        // Stop reading, so that further requests wait at the client. evhttp reads on when its answer is written.
        if answerWaits && evbuffer_get_length(input) >= Self.heldBytes {
            bufferevent_disable(transport, Int16(EV_READ))
        }
    }

    /// How many bytes of input may wait while the client does not read its answer.
    private static let heldBytes = 64 * 1024

    private func gatherBody() {
        waitingInput.gather(on: transport, lacksBody: phase == .reading && check.lacksBody)
    }

    /// Checks the waiting bytes from `offset` on, and refuses the request if they are not in order.
    private func checkInput(from offset: Int) {
        guard check.needsBytes else { return }
        var place = evbuffer_ptr()
        guard evbuffer_ptr_set(input, &place, offset, EVBUFFER_PTR_SET) == 0 else { return }
        // Piece by piece, since the bytes after the request, which may be many, need no look.
        var piece = iovec()
        while evbuffer_peek(input, -1, &place, &piece, 1) >= 1 {
            let bytes = UnsafeMutableRawBufferPointer(start: piece.iov_base, count: piece.iov_len)
            switch check.read(bytes, waiting: evbuffer_get_length(input) - Int(place.pos), door: door) {
            case .readOn: break
            case .isDone: return
            case .refused(let refusal, let bodyBytes): return refuse(refusal, bodyBytes: bodyBytes)
            }
            guard evbuffer_ptr_set(input, &place, piece.iov_len, EVBUFFER_PTR_ADD) == 0 else { return }
        }
    }

    private func count(unfinished bytes: Int) {
        let change = bytes - unfinishedBytes
        unfinishedBytes = bytes
        door?.unfinished(of: self, changedBy: change)
    }

    /// True when the last request is one of HTTP/1.0.
    var isHTTP10: Bool { check.isHTTP10 }

    /// True when the last request is a HEAD, whose answer has no body.
    var isHead: Bool { check.head.method == .head }

    /// The number of header lines of the last request. evhttp's further ones are trailers.
    var headerLines: Int { check.head.lines }

    /// Records that evhttp has a complete request. Its head was checked before evhttp saw the end of it.
    func requestCompleted() {
        assert(check.isHeadValid, "a request that breaks HTTP reached evhttp")
        startedAt = nil
        hasServed = true
        phase = .serving
        gatherBody()
        count(unfinished: 0)
    }

    /// Adds the answer to the output buffer. Waiting input is then the next request, unless the connection closes after
    /// the answer.
    func answer(closes: Bool = false, _ send: () -> Void) {
        phase = .answering
        send()
        guard !closes else {
            phase = .closing
            return dropInput()
        }
        phase = .reading
        answerWaits = evbuffer_get_length(bufferevent_get_output(transport)) > 0
        check.reset()
        idleSince = SteadyTime.now()
        let waiting = evbuffer_get_length(input)
        guard waiting > 0 else { return }
        startedAt = idleSince
        checkInput(from: 0)
        if phase == .reading { count(unfinished: waiting) }
    }

    private func dropInput() {
        evbuffer_drain(input, evbuffer_get_length(input))
    }

    /// Refuses the request that is being received: evhttp gets nothing more of it or of what follows.
    /// - Parameter bodyBytes: how much of its body to read before the answer, if that is not too much.
    func refuse(_ refusal: DoorRefusal, bodyBytes: Int = 0) {
        phase = .refused
        startedAt = nil
        count(unfinished: 0)
        door?.report(refusal)
        detachAndAnswer(refusal, bodyBytes: bodyBytes)
        dropInput()
    }

    /// Writes the answer to `request` to the socket at once. Bytes that the socket does not accept are left to evhttp.
    /// - Returns: false if nothing was written, and evhttp must answer.
    func answerDirectly(_ bytes: [UInt8], to request: OpaquePointer) -> Bool {
        let output = bufferevent_get_output(transport)
        guard handshake == nil, evbuffer_get_length(output) == 0 else { return false }
        let descriptor = bufferevent_getfd(transport)
        return bytes.withUnsafeBytes { bytes in
            let count: Int
            switch System.write(descriptor, bytes) {
            case .wrote(let taken): count = taken
            case .wouldBlock: return false
            case .closed:
                // Frees the request as well, as evhttp does when it cannot write.
                evhttp_connection_free(link)
                return true
            }
            answer {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[count...])
                if !rest.isEmpty { evbuffer_add(output, rest.baseAddress, rest.count) }
                // Ends an answer of which evhttp has sent nothing. evhttp reads the next request when its buffer is
                // empty: now, or when the rest is written.
                evhttp_send_reply_end(request)
                if !rest.isEmpty { bufferevent_enable(transport, Int16(EV_WRITE)) }
            }
            return true
        }
    }

    /// Recognises an answer that evhttp itself makes: only evhttp writes while a request is incomplete.
    fileprivate func outputGrew(_ output: OpaquePointer, beyond size: Int) {
        guard phase == .reading else { return }
        // The previous answer may still be in the buffer, before this one.
        var added = evbuffer_ptr()
        guard evbuffer_ptr_set(output, &added, size, EVBUFFER_PTR_SET) == 0 else { return }
        // Peek, since libevent refuses copying while it empties the buffer. A status line is added as one piece.
        var piece = iovec()
        guard evbuffer_peek(output, -1, &added, &piece, 1) >= 1 else { return }
        let line = UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len).prefix(12)
        guard line.starts(with: "HTTP/1.".utf8),
            let status = Int(String(decoding: line.dropFirst(9), as: UTF8.self)), status >= 400
        else { return }
        phase = .refused
        count(unfinished: 0)
        door?.answeredByParser(status: status)
    }

    /// Frees the answer's object once the output buffer is empty.
    fileprivate func outputShrank(_ output: OpaquePointer) {
        guard heldByAnswer != nil || answerWaits, evbuffer_get_length(output) == 0 else { return }
        heldByAnswer = nil
        answerWaits = false
    }

    /// evhttp's own record of the connection, which is the argument of the transport's callbacks.
    var link: OpaquePointer? {
        if let refusedConnection { return refusedConnection.link }
        var argument: UnsafeMutableRawPointer?
        bufferevent_getcb(transport, nil, nil, nil, &argument)
        return argument.map { OpaquePointer($0) }
    }

    /// Registers for the connection's close, once evhttp has set the connection up.
    func watchForClose() {
        guard !isWatched, let link else { return }
        isWatched = true
        evhttp_connection_set_closecb(link, connectionIsClosing, Unmanaged.passUnretained(self).toOpaque())
    }

    fileprivate func isClosing() {
        exchange?.forget()
        if !isHandedOff { handshake?.sendCloseNotify() }
        isFreed()
    }

    /// Removes the record, because libevent frees the connection.
    func isFreed() {
        // libevent may still empty the buffers after this object is freed.
        let this = Unmanaged.passUnretained(self).toOpaque()
        evbuffer_remove_cb(input, inputHasChanged, this)
        evbuffer_remove_cb(bufferevent_get_output(transport), outputHasChanged, this)
        heldByAnswer = nil
        count(unfinished: 0)
        door?.forget(self)
    }
}

private func inputHasChanged(
    _ buffer: OpaquePointer?, _ info: UnsafePointer<evbuffer_cb_info>?, _ argument: UnsafeMutableRawPointer?
) {
    guard let info, let argument, info.pointee.n_added > 0 else { return }
    Unmanaged<DoorConnection>.fromOpaque(argument).takeUnretainedValue().inputGrew(by: info.pointee.n_added)
}

private func outputHasChanged(
    _ buffer: OpaquePointer?, _ info: UnsafePointer<evbuffer_cb_info>?, _ argument: UnsafeMutableRawPointer?
) {
    guard let buffer, let info, let argument else { return }
    let connection = Unmanaged<DoorConnection>.fromOpaque(argument).takeUnretainedValue()
    if info.pointee.n_added > 0 { connection.outputGrew(buffer, beyond: info.pointee.orig_size) }
    if info.pointee.n_deleted > 0 { connection.outputShrank(buffer) }
}

private func connectionIsClosing(_ link: OpaquePointer?, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    let connection = Unmanaged<DoorConnection>.fromOpaque(argument).takeUnretainedValue()
    withExtendedLifetime(connection) { connection.isClosing() }
}
