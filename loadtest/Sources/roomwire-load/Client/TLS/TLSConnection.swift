internal import COpenSSL
internal import Glibc
internal import Platform

/// The client's side of TLS on one descriptor, which stays its socket's.
final class TLSConnection {
    /// How far a handshake has come.
    enum Handshake: Equatable {
        case done
        /// It goes on when something can be read.
        case wantsRead
        /// It goes on when something can be written.
        case wantsWrite
        /// A sentence without a full stop.
        case failed(String)
    }

    /// What a read came to.
    enum ReadResult: Equatable {
        /// So many bytes, from one record.
        case read(Int)
        case wouldBlock
        /// Nothing more comes; the reason is a sentence without a full stop.
        case ended(String)
    }

    private let ssl: OpaquePointer
    private let client: TLSClient

    /// Takes over OpenSSL's connection.
    init(_ ssl: OpaquePointer, of client: TLSClient) {
        self.ssl = ssl
        self.client = client
    }

    deinit {
        // Streams go away without a word. OpenSSL would think that something is wrong with their sessions then.
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN)
        SSL_free(ssl)
        ERR_clear_error()
    }

    /// What a later connection can resume; nil if the server gave nothing for that.
    var session: TLSSession? {
        guard let session = SSL_get1_session(ssl) else { return nil }
        let result = TLSSession(takingOver: session)
        return SSL_SESSION_is_resumable(session) == 1 ? result : nil
    }

    /// Whether bytes were read from the descriptor that are not handed out.
    var hasPending: Bool { SSL_has_pending(ssl) == 1 }

    /// Goes on with the handshake.
    func shakeHands() -> Handshake {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            client.handshakeIsDone(isResumed: SSL_session_reused(ssl) == 1)
            return .done
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_SSL: return .failed(handshakeFault())
        default: return .failed("the server ended the connection during the TLS handshake")
        }
    }

    private func handshakeFault() -> String {
        let verdict = SSL_get_verify_result(ssl)
        if TLSErrors.reason == SSL_R_CERTIFICATE_VERIFY_FAILED, verdict != X509_V_OK {
            ERR_clear_error()
            let words = String(cString: X509_verify_cert_error_string(verdict))
            return "the server's certificate is not trusted: \(words) "
                + "(--ca-file names a CA to trust, --insecure trusts anybody)"
        }
        switch TLSErrors.reason {
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG:
            ERR_clear_error()
            return "the TLS handshake failed: the server does not speak TLS on this port"
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            ERR_clear_error()
            return "the server ended the connection during the TLS handshake"
        default:
            return "the TLS handshake failed: \(TLSErrors.take())"
        }
    }

    /// Reads what one record holds, or less.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
        ERR_clear_error()
        let count = SSL_read(ssl, buffer.baseAddress, CInt(clamping: buffer.count))
        guard count <= 0 else { return .read(Int(count)) }
        switch SSL_get_error(ssl, count) {
        // A change of keys may have to be answered; that goes with what is written next.
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        case SSL_ERROR_SSL: return .ended("TLS: \(TLSErrors.take())")
        default: return .ended("the server closed the connection")
        }
    }

    /// Writes as much as the system takes.
    func write(_ bytes: UnsafeRawBufferPointer) -> System.WriteResult {
        ERR_clear_error()
        let count = SSL_write(ssl, bytes.baseAddress, CInt(clamping: bytes.count))
        guard count <= 0 else { return .wrote(Int(count)) }
        switch SSL_get_error(ssl, count) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        default: return .closed
        }
    }
}
