internal import CLibevent
internal import COpenSSL
internal import Glibc
internal import Platform
internal import Wire

/// How the handshakes of a door's connections come out.
public enum TLSOutcome: String, Sendable, CaseIterable {
    /// A new session.
    case completed
    /// A session that the client had a ticket for.
    case resumed
    /// The two sides cannot agree, or the client sent what no handshake has.
    case failed
    /// The client spoke HTTP without TLS.
    case plainHTTP = "plain_http"
    /// The client left before the end.
    case abandoned
    /// The client took too long.
    case timedOut = "timed_out"
}

/// The end of a TLS handshake.
public struct TLSReport: Sendable {
    /// How it came out.
    public let outcome: TLSOutcome
    /// Why it failed, in OpenSSL's words.
    public let detail: String
    /// The other end, if the handshake did not come to a good end and the client is still there; else empty.
    public let remoteAddress: String
}

/// What the door knows of the TLS of one connection, from its first byte until the connection ends or becomes a
/// stream. OpenSSL keeps it with the connection, and lets go of it when the connection is freed: that is how the end
/// of one shows on which nothing was ever said.
final class TLSHandshake {
    /// OpenSSL's connection; it is freed together with its bufferevent.
    let ssl: OpaquePointer
    /// When the client was accepted.
    let startedAt = SteadyTime.now()
    /// How it came out; nil while it goes on.
    private(set) var outcome: TLSOutcome?
    private weak var door: Door?
    weak var connection: DoorConnection?
    private var records = RecordCount()

    init(_ ssl: OpaquePointer, door: Door) {
        self.ssl = ssl
        self.door = door
        SSL_set_ex_data(ssl, Self.index, Unmanaged.passRetained(self).toOpaque())
    }

    /// Says how it came out; the first word counts.
    func end(_ outcome: TLSOutcome, because detail: String = "") {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        door?.handshakeEnded(outcome, detail: detail, of: connection)
    }

    /// OpenSSL forgets it: the connection is a stream's from now on.
    func detach() {
        SSL_set_info_callback(ssl, nil)
        SSL_set_msg_callback(ssl, nil)
        SSL_set_ex_data(ssl, Self.index, nil)
        Unmanaged.passUnretained(self).release()
    }

    /// Tells the client that nothing more comes, so that it can tell an end from a connection that was cut.
    func sayGoodbye() {
        guard outcome == .completed || outcome == .resumed else { return }
        SSL_shutdown(ssl)
        OpenSSLErrors.forget()
    }

    /// Writes a last short answer past the bufferevent, which has nothing to write.
    func writeLast(_ text: String) {
        guard outcome == .completed || outcome == .resumed else { return }
        SSL_write(ssl, text, CInt(text.utf8.count))
        OpenSSLErrors.forget()
    }

    /// Whether the client has closed, as far as it is known: bytes that it sent are not taken.
    var isClosedByClient: Bool {
        var byte: UInt8 = 0
        OpenSSLErrors.forget()
        let result = SSL_peek(ssl, &byte, 1)
        defer { OpenSSLErrors.forget() }
        guard result <= 0 else { return false }
        return SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ
    }

    /// OpenSSL's place for this object in a connection.
    private static let index = roomwire_ssl_new_index(handshakeIsFreed)

    /// Told of every step of every handshake.
    static let infoCallback: @convention(c) (OpaquePointer?, CInt, CInt) -> Void = handshakeMoved

    /// Told of every record and every message of every connection.
    static let messageCallback: MessageCallback = recordHasPassed

    /// The client sent bytes of a request.
    func applicationDataCame() { records.reset() }

    fileprivate func recordPassed(_ isWritten: CInt, _ contentType: CInt) {
        guard records.count(isWritten: isWritten, contentType: contentType) else { return }
        // The connection is ended by the next read, which fails: OpenSSL is in the middle of one here.
        if outcome == nil { end(.failed, because: "more than \(RecordCount.most) records in a handshake") }
        door?.sentIdleRecords()
    }

    /// Has OpenSSL's reads fail once the client has sent too many records without application data.
    fileprivate func guardReads() {
        let bio = SSL_get_rbio(ssl)
        // OpenSSL's connection lives longer than its BIO; this object may not.
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
            // What comes from here on counts by itself.
            if outcome == nil { records.reset() }
            end(SSL_session_reused(ssl) == 1 ? .resumed : .completed)
        } else if what & SSL_CB_EXIT != 0, result <= 0 {
            let code = OpenSSLErrors.last
            // Nothing is noted while the client's next bytes are awaited.
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
        // Nobody else knew how it came out: the client was not heard of any more.
        end(.abandoned)
        connection?.isFreed()
    }
}

private func handshakeMoved(_ ssl: OpaquePointer?, _ what: CInt, _ result: CInt) {
    guard what == SSL_CB_HANDSHAKE_START || what == SSL_CB_HANDSHAKE_DONE || what & SSL_CB_EXIT != 0 else { return }
    TLSHandshake.of(ssl)?.moved(what, result)
}

/// OpenSSL's callback for what passes: whether it is written, version, content type, bytes, connection, argument.
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
    // No reason to try again: to OpenSSL the connection is broken.
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
