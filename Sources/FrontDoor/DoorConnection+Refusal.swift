internal import CLibevent
internal import Glibc
internal import Platform
internal import Wire

/// A connection whose request was refused, on its way to its end.
struct TurnedAway {
    /// evhttp's record of the connection.
    let link: OpaquePointer
    let since = SteadyTime.now()
    var isWritten = false
    var clientHasEnded = false
}

// evhttp hears no more of the connection, so nothing that still comes on it can be taken for a request. The answer is
// sent, and what the client goes on sending is read and dropped for a moment: closing with input unread would have the
// kernel throw the answer away.
extension DoorConnection {
    /// How long a refused client may take to read its answer and to stop sending.
    private static let lingerMilliseconds: Int64 = 2_000

    func turnAway(_ refusal: DoorRefusal) {
        guard turnedAway == nil, let link else { return }
        turnedAway = TurnedAway(link: link)
        // What evhttp has put off for the connection calls the reader that is set here: none.
        bufferevent_setcb(
            transport, nil, refusalIsWritten, refusedClientHasEnded, Unmanaged.passUnretained(self).toOpaque())
        let answer = refusal.answer(hasBody: !isHead)
        // Behind the last answer, which may still be on its way.
        evbuffer_add(bufferevent_get_output(transport), answer, answer.utf8.count)
        bufferevent_enable(transport, Int16(EV_READ | EV_WRITE))
    }

    /// True if it was refused long enough ago.
    func hasLingered(now: SteadyTime) -> Bool {
        turnedAway.map { now - $0.since >= Self.lingerMilliseconds } ?? false
    }

    fileprivate func isWritten() {
        guard turnedAway?.clientHasEnded == false else { return closeAsIdle() }
        guard turnedAway?.isWritten == false else { return }
        turnedAway?.isWritten = true
        handshake?.sayGoodbye()
        shutdown(bufferevent_getfd(transport), CInt(SHUT_WR))
    }

    fileprivate func hasEnded(_ what: Int16) {
        let end = Int16(BEV_EVENT_READING | BEV_EVENT_EOF)
        guard what == end, turnedAway?.isWritten == false else { return closeAsIdle() }
        turnedAway?.clientHasEnded = true
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
