internal import CLibevent
internal import Glibc
internal import Platform
internal import Wire

/// A connection whose request was refused, until it is closed.
struct RefusedConnection {
    /// evhttp's record of the connection.
    let link: OpaquePointer
    let refusal: DoorRefusal
    /// Bytes of the body that are still read and dropped before the answer is sent.
    var awaitedBytes: Int
    /// When the request was refused, or, once the answer is sent, when that was.
    var since = SteadyTime.now()
    var isAnswered = false
    var isWritten = false
    var clientHasEnded = false
}

// evhttp gets no more input from the connection, so it cannot mistake later bytes for a request. The answer is sent,
// and what the client still sends is read and dropped for a moment: if input is unread at close, the kernel discards
// the answer.
//
// A body that is too large and arrives at once is read before the answer, up to `DoorLimits.droppedBodyBytes`. A proxy
// that speaks HTTP/2 to its client passes an earlier answer on and resets the stream, and some clients then report the
// reset and not the answer (curl 7.88 does, behind Caddy and HAProxy).
extension DoorConnection {
    /// How long a refused client has to send a body that is read before the answer, and then to read its answer and
    /// stop sending.
    private static let lingerMilliseconds: Int64 = 2_000
    /// After a pause this long in a body that is read before the answer, the client may be waiting for the answer.
    private static let pauseMicroseconds = 250_000

    /// Detaches the connection from evhttp and sends the refusal.
    /// - Parameter bodyBytes: bytes of the request's body that have not arrived yet.
    func detachAndAnswer(_ refusal: DoorRefusal, bodyBytes: Int) {
        guard refusedConnection == nil, let link else { return }
        let awaited = bodyBytes <= (door?.limits.droppedBodyBytes ?? 0) ? max(0, bodyBytes) : 0
        refusedConnection = RefusedConnection(link: link, refusal: refusal, awaitedBytes: awaited)
        // Callbacks that evhttp has deferred call the reader that is set here: none.
        bufferevent_setcb(
            transport, nil, refusalIsWritten, refusedClientHasEnded, Unmanaged.passUnretained(self).toOpaque())
        guard awaited > 0 else { return answerRefused() }
        bufferevent_setwatermark(transport, Int16(EV_READ), 0, 0)
        var pause = timeval(tv_sec: 0, tv_usec: Self.pauseMicroseconds)
        bufferevent_set_timeouts(transport, &pause, nil)
        bufferevent_enable(transport, Int16(EV_READ))
    }

    private func answerRefused() {
        guard let refusal = refusedConnection?.refusal, refusedConnection?.isAnswered == false else { return }
        refusedConnection?.isAnswered = true
        refusedConnection?.since = .now()
        bufferevent_set_timeouts(transport, nil, nil)
        let answer = refusal.answer(hasBody: !isHead)
        // After the previous answer, which may not be sent completely.
        evbuffer_add(bufferevent_get_output(transport), answer, answer.utf8.count)
        bufferevent_enable(transport, Int16(EV_READ | EV_WRITE))
    }

    /// Counts bytes of a refused request that arrived and were dropped.
    func refusedBodyCame(_ count: Int) {
        guard let awaited = refusedConnection?.awaitedBytes, awaited > 0 else { return }
        refusedConnection?.awaitedBytes = max(0, awaited - count)
        if count >= awaited { answerRefused() }
    }

    /// Closes a connection whose refused client has had its time.
    func endLinger(now: SteadyTime) {
        guard let refusedConnection, now - refusedConnection.since >= Self.lingerMilliseconds else { return }
        if refusedConnection.isAnswered { closeAsIdle() } else { answerRefused() }
    }

    fileprivate func isWritten() {
        // The bytes written may have been an earlier answer's.
        guard refusedConnection?.isAnswered == true else { return }
        guard refusedConnection?.clientHasEnded == false else { return closeAsIdle() }
        guard refusedConnection?.isWritten == false else { return }
        refusedConnection?.isWritten = true
        handshake?.sendCloseNotify()
        shutdown(bufferevent_getfd(transport), CInt(SHUT_WR))
    }

    fileprivate func hasEnded(_ what: Int16) {
        let pause = Int16(BEV_EVENT_READING | BEV_EVENT_TIMEOUT)
        guard what != pause || refusedConnection?.isAnswered == true else { return answerRefused() }
        let end = Int16(BEV_EVENT_READING | BEV_EVENT_EOF)
        guard what == end, refusedConnection?.isWritten == false else { return closeAsIdle() }
        refusedConnection?.clientHasEnded = true
        answerRefused()
    }
}

private func refusalIsWritten(_ transport: OpaquePointer?, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    let connection = Unmanaged<DoorConnection>.fromOpaque(argument).takeUnretainedValue()
    withExtendedLifetime(connection) { connection.isWritten() }
}

private func refusedClientHasEnded(_ transport: OpaquePointer?, _ what: Int16, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    let connection = Unmanaged<DoorConnection>.fromOpaque(argument).takeUnretainedValue()
    withExtendedLifetime(connection) { connection.hasEnded(what) }
}
