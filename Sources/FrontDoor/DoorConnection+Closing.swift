internal import CLibevent
internal import COpenSSL
internal import Glibc
internal import Platform
internal import Wire

// Which connections the door may close, and how it lets go of one.
extension DoorConnection {
    /// True if a request began before `deadline` and is still incomplete.
    func isLate(startedBefore deadline: SteadyTime) -> Bool {
        phase == .reading && startedAt.map { $0 < deadline } ?? false
    }

    /// How long after its beginning a silent connection counts as one whose first request is on its way.
    private static let newMilliseconds: Int64 = 1000

    /// True from the first byte of a request until its answer is written to the socket.
    func hasUnansweredRequest(now: SteadyTime) -> Bool {
        switch phase {
        case .serving, .answering: true
        case .closing: evbuffer_get_length(bufferevent_get_output(transport)) > 0
        case .refused: false
        case .reading:
            startedAt != nil || (!hasServed && now - acceptedAt < Self.newMilliseconds)
                || evbuffer_get_length(bufferevent_get_output(transport)) > 0
        }
    }

    /// True while there is no request, and every earlier one is answered: also before the first request.
    var isIdle: Bool {
        phase == .reading && startedAt == nil && evbuffer_get_length(bufferevent_get_output(transport)) == 0
    }

    /// Closes the connection without an answer.
    func closeAsIdle() {
        guard let link else { return }
        evhttp_connection_free(link)
    }

    /// Answers 408 and closes.
    func closeAsLate() {
        let answer = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        // Directly to the socket: a buffered answer would be freed together with the connection. But not into the
        // middle of an answer that is still being sent.
        if evbuffer_get_length(bufferevent_get_output(transport)) == 0 {
            if let handshake {
                handshake.writeLast(answer)
            } else {
                let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
                _ = send(bufferevent_getfd(transport), answer, answer.utf8.count, flags)
            }
        }
        evhttp_connection_free(link)
    }

    /// Closes the connection if its handshake began before `deadline` and has not ended.
    func closeIfHandshakeIsLate(startedBefore deadline: SteadyTime) {
        // Without a link the connection is freed already, and libevent only defers the rest.
        guard let handshake, handshake.outcome == nil, handshake.startedAt < deadline, let link else { return }
        handshake.end(.timedOut)
        evhttp_connection_free(link)
    }

    /// Passes the connection's TLS, if it has any, to a stream, which frees it.
    func handOff() -> OpaquePointer? {
        isHandedOff = true
        guard let handshake else { return nil }
        SSL_up_ref(handshake.ssl)
        handshake.detach()
        return handshake.ssl
    }

    /// The peer's address.
    var remoteAddress: String { link.map(Door.remoteAddress) ?? "" }
}
