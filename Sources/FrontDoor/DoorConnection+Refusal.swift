internal import CLibevent
internal import Glibc
internal import Platform
internal import Wire

/// A connection whose request was refused, on its way to its end.
struct TurnedAway {
    /// evhttp's record of the connection.
    let link: OpaquePointer
    let refusal: DoorRefusal
    /// Bytes of the body that are read before the answer is sent.
    var awaitedBytes: Int
    /// When the request was refused; after the answer was sent, when that was.
    var since = SteadyTime.now()
    var isAnswered = false
    var isWritten = false
    var clientHasEnded = false
}

// evhttp hears no more of the connection, so nothing that still comes on it can be taken for a request. The answer is
// sent, and what the client goes on sending is read and dropped for a moment: closing with input unread would have the
// kernel throw the answer away.
//
// A body that is too large and comes at once is read before the answer, up to `DoorLimits.droppedBodyBytes`. A proxy
// that speaks HTTP/2 to its client passes an earlier answer on and resets the stream, and some clients then report the
// reset and not the answer (curl 7.88 does, behind Caddy and HAProxy).
extension DoorConnection {
    /// How long a refused client may take to send a body that is read before the answer, and how long to read its
    /// answer and to stop sending.
    private static let lingerMilliseconds: Int64 = 2_000
    /// A client that pauses for so long in a body that is read before the answer may be waiting for that.
    private static let pauseMicroseconds = 250_000

    /// - Parameter bodyBytes: how much of the request's body is still to come.
    func turnAway(_ refusal: DoorRefusal, bodyBytes: Int) {
        guard turnedAway == nil, let link else { return }
        let awaited = bodyBytes <= (door?.limits.droppedBodyBytes ?? 0) ? max(0, bodyBytes) : 0
        turnedAway = TurnedAway(link: link, refusal: refusal, awaitedBytes: awaited)
        // What evhttp has put off for the connection calls the reader that is set here: none.
        bufferevent_setcb(
            transport, nil, refusalIsWritten, refusedClientHasEnded, Unmanaged.passUnretained(self).toOpaque())
        guard awaited > 0 else { return answerRefused() }
        bufferevent_setwatermark(transport, Int16(EV_READ), 0, 0)
        var pause = timeval(tv_sec: 0, tv_usec: Self.pauseMicroseconds)
        bufferevent_set_timeouts(transport, &pause, nil)
        bufferevent_enable(transport, Int16(EV_READ))
    }

    private func answerRefused() {
        guard let refusal = turnedAway?.refusal, turnedAway?.isAnswered == false else { return }
        turnedAway?.isAnswered = true
        turnedAway?.since = .now()
        bufferevent_set_timeouts(transport, nil, nil)
        let answer = refusal.answer(hasBody: !isHead)
        // Behind the last answer, which may still be on its way.
        evbuffer_add(bufferevent_get_output(transport), answer, answer.utf8.count)
        bufferevent_enable(transport, Int16(EV_READ | EV_WRITE))
    }

    /// Bytes of a refused request came and were dropped.
    func refusedBodyCame(_ count: Int) {
        guard let awaited = turnedAway?.awaitedBytes, awaited > 0 else { return }
        turnedAway?.awaitedBytes = max(0, awaited - count)
        if count >= awaited { answerRefused() }
    }

    /// Ends a connection that was refused long enough ago.
    func endLinger(now: SteadyTime) {
        guard let turnedAway, now - turnedAway.since >= Self.lingerMilliseconds else { return }
        if turnedAway.isAnswered { closeAsIdle() } else { answerRefused() }
    }

    fileprivate func isWritten() {
        // It may have been an earlier answer.
        guard turnedAway?.isAnswered == true else { return }
        guard turnedAway?.clientHasEnded == false else { return closeAsIdle() }
        guard turnedAway?.isWritten == false else { return }
        turnedAway?.isWritten = true
        handshake?.sayGoodbye()
        shutdown(bufferevent_getfd(transport), CInt(SHUT_WR))
    }

    fileprivate func hasEnded(_ what: Int16) {
        let pause = Int16(BEV_EVENT_READING | BEV_EVENT_TIMEOUT)
        guard what != pause || turnedAway?.isAnswered == true else { return answerRefused() }
        let end = Int16(BEV_EVENT_READING | BEV_EVENT_EOF)
        guard what == end, turnedAway?.isWritten == false else { return closeAsIdle() }
        turnedAway?.clientHasEnded = true
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
