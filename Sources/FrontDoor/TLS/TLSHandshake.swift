internal import CLibevent
internal import COpenSSL
internal import Glibc
internal import Platform
internal import Wire

/// The result of a TLS handshake.
package enum TLSOutcome: String, Sendable, CaseIterable {
    /// Completed with a new session.
    case completed
    /// Completed by resuming a session for which the client had a ticket.
    case resumed
    /// The two sides have no version, cipher or protocol in common, or the client sent bytes that belong to no
    /// handshake.
    case failed
    /// The client spoke HTTP without TLS.
    case plainHTTP = "plain_http"
    /// The client closed the connection before the end.
    case abandoned
    /// The client took too long.
    case timedOut = "timed_out"
}

/// The end of a TLS handshake.
package struct TLSReport: Sendable {
    /// The result.
    package let outcome: TLSOutcome
    /// Why it failed, in OpenSSL's words.
    package let detail: String
    /// The peer's address if the handshake did not succeed and the peer is still connected; else empty.
    package let remoteAddress: String
}

/// The door's record of a connection's TLS, from its first byte until the connection ends or becomes a stream. OpenSSL
/// holds it with the connection and releases it when the connection is freed: that is how the door learns of the end of
/// a connection on which nothing was ever sent.
final class TLSHandshake {
    /// OpenSSL's connection; it is freed together with its bufferevent.
    let ssl: OpaquePointer
    /// When the client was accepted.
    let startedAt = SteadyTime.now()
    /// The result; nil until the handshake ends.
    private(set) var outcome: TLSOutcome?
    private weak var door: Door?
    weak var connection: DoorConnection?
    private var records = RecordCount()

    init(_ ssl: OpaquePointer, door: Door) {
        self.ssl = ssl
        self.door = door
        SSL_set_ex_data(ssl, Self.index, Unmanaged.passRetained(self).toOpaque())
    }

    /// Sets and reports the result. Only the first call has an effect.
    func end(_ outcome: TLSOutcome, because detail: String = "") {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        door?.handshakeEnded(outcome, detail: detail, of: connection)
    }

    /// Removes this object from OpenSSL's connection, which now belongs to a stream.
    func detach() {
        SSL_set_info_callback(ssl, nil)
        SSL_set_msg_callback(ssl, nil)
        SSL_set_ex_data(ssl, Self.index, nil)
        Unmanaged.passUnretained(self).release()
    }

    /// Sends `close_notify`, so that the client can distinguish the end from a connection that was cut.
    func sendCloseNotify() {
        guard outcome == .completed || outcome == .resumed else { return }
        SSL_shutdown(ssl)
        OpenSSLErrors.clear()
    }

    /// Writes a short last answer directly. The bufferevent must have nothing left to write.
    func writeLast(_ text: String) {
        guard outcome == .completed || outcome == .resumed else { return }
        SSL_write(ssl, text, CInt(text.utf8.count))
        OpenSSLErrors.clear()
    }

    /// Whether the client is known to have closed the connection. Received bytes are not consumed.
    var isClosedByClient: Bool {
        var byte: UInt8 = 0
        OpenSSLErrors.clear()
        let result = SSL_peek(ssl, &byte, 1)
        defer { OpenSSLErrors.clear() }
        guard result <= 0 else { return false }
        return SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ
    }

    /// The index at which OpenSSL's connection holds this object.
    private static let index = roomwire_ssl_new_index(handshakeIsFreed)

    /// OpenSSL calls this at every step of every handshake.
    static let infoCallback: @convention(c) (OpaquePointer?, CInt, CInt) -> Void = handshakeMoved

    /// OpenSSL calls this for every record and every message of every connection.
    static let messageCallback: MessageCallback = recordHasPassed

    /// Resets the record count, because the client sent application data.
    func applicationDataCame() { records.reset() }

    fileprivate func recordPassed(_ isWritten: CInt, _ contentType: CInt) {
        guard records.count(isWritten: isWritten, contentType: contentType) else { return }
        // The next read fails and ends the connection. It cannot end here, since OpenSSL is in the middle of a read.
        if outcome == nil { end(.failed, because: "more than \(RecordCount.most) records in a handshake") }
        door?.sentIdleRecords()
    }

    /// Makes OpenSSL's reads fail once the client has sent too many records without application data.
    fileprivate func guardReads() {
        let bio = SSL_get_rbio(ssl)
        // The argument is OpenSSL's connection, which outlives the BIO; this object may not.
        BIO_set_callback_arg(bio, UnsafeMutablePointer<CChar>(ssl))
        BIO_set_callback_ex(bio, bioIsUsed)
    }

    fileprivate var refusesReads: Bool { records.isExceeded }

    fileprivate static func of(_ ssl: OpaquePointer?) -> TLSHandshake? {
        guard let object = SSL_get_ex_data(ssl, index) else { return nil }
        return Unmanaged<TLSHandshake>.fromOpaque(object).takeUnretainedValue()
    }

    fileprivate func moved(_ what: CInt, _ result: CInt) {
        if what == SSL_CB_HANDSHAKE_START {
            guardReads()
        } else if what == SSL_CB_HANDSHAKE_DONE {
            // Later records are counted separately from those of the handshake.
            if outcome == nil { records.reset() }
            end(SSL_session_reused(ssl) == 1 ? .resumed : .completed)
        } else if what & SSL_CB_EXIT != 0, result <= 0 {
            let code = OpenSSLErrors.last
            // The queue is empty while OpenSSL waits for the client's next bytes.
            guard code != 0 else { return }
            if OpenSSLErrors.reason(code) == SSL_R_HTTP_REQUEST {
                answerPlainHTTP()
                end(.plainHTTP)
            } else {
                end(.failed, because: OpenSSLErrors.text(code))
            }
        }
    }

    private func answerPlainHTTP() {
        let sentence = "This port speaks HTTPS: use https:// in the address.\n"
        let answer = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
        let all = answer + "Content-Length: \(sentence.utf8.count)\r\n\r\n" + sentence
        _ = send(SSL_get_fd(ssl), all, all.utf8.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
    }

    fileprivate func isFreed() {
        // If the result is still unknown, the client left without another byte.
        end(.abandoned)
        connection?.isFreed()
    }
}

private func handshakeMoved(_ ssl: OpaquePointer?, _ what: CInt, _ result: CInt) {
    guard what == SSL_CB_HANDSHAKE_START || what == SSL_CB_HANDSHAKE_DONE || what & SSL_CB_EXIT != 0 else { return }
    TLSHandshake.of(ssl)?.moved(what, result)
}

/// OpenSSL's message callback: whether it is written, version, content type, bytes, connection, argument.
typealias MessageCallback =
    @convention(c) (
        CInt, CInt, CInt, UnsafeRawPointer?, Int, OpaquePointer?, UnsafeMutableRawPointer?
    ) -> Void

private func recordHasPassed(
    _ isWritten: CInt, _ version: CInt, _ contentType: CInt, _ bytes: UnsafeRawPointer?, _ count: Int,
    _ ssl: OpaquePointer?, _ argument: UnsafeMutableRawPointer?
) {
    TLSHandshake.of(ssl)?.recordPassed(isWritten, contentType)
}

private func bioIsUsed(
    _ bio: OpaquePointer?, _ operation: CInt, _ bytes: UnsafePointer<CChar>?, _ count: Int, _ number: CInt,
    _ other: Int, _ result: CInt, _ processed: UnsafeMutablePointer<Int>?
) -> Int {
    guard operation == BIO_CB_READ, let ssl = BIO_get_callback_arg(bio),
        TLSHandshake.of(OpaquePointer(ssl))?.refusesReads == true
    else { return Int(result) }
    // Without a retry flag OpenSSL treats the connection as broken.
    BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
    return -1
}

private func handshakeIsFreed(
    _ parent: UnsafeMutableRawPointer?, _ object: UnsafeMutableRawPointer?,
    _ data: UnsafeMutablePointer<CRYPTO_EX_DATA>?,
    _ index: CInt, _ number: Int, _ argument: UnsafeMutableRawPointer?
) {
    guard let object else { return }
    Unmanaged<TLSHandshake>.fromOpaque(object).takeRetainedValue().isFreed()
}
