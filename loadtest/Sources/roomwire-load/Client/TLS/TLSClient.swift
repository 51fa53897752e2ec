internal import COpenSSL
internal import Glibc

/// How servers with `https:` URLs are spoken to; goes from process to process.
struct TLSSettings: Codable {
    /// A file of CA certificates in PEM, the only ones trusted then; nil trusts the system's.
    var caFile: String?
    /// Whether any certificate will do.
    var isInsecure = false
    /// Whether a stream that comes back resumes its TLS session.
    var resumes = true
}

/// Why TLS cannot be spoken at all: a sentence.
struct TLSFault: Error, CustomStringConvertible {
    let description: String
}

/// The client's side of TLS to one host, for all connections of a process.
///
/// TLS 1.2 and 1.3, HTTP/1.1 by ALPN. An idle connection holds no buffers.
final class TLSClient {
    /// Handshakes that made a new session.
    private(set) var fullHandshakes = 0
    /// Handshakes that took an old session up.
    private(set) var resumedHandshakes = 0
    private let context: OpaquePointer
    private let host: String
    private let resumes: Bool

    /// Reads the certificates that are trusted.
    /// - Parameter host: the name or the IPv4 address that certificates must be for.
    init(_ settings: TLSSettings, host: String) throws(TLSFault) {
        self.host = host
        resumes = settings.resumes
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw TLSFault(description: "OpenSSL: \(TLSErrors.take())")
        }
        self.context = context
        // A client has no need of a limit above what it can do.
        _ = roomwire_ssl_ctx_set_versions(context, TLS1_2_VERSION, 0)
        roomwire_ssl_ctx_set_client_options(context)
        roomwire_ssl_ctx_set_mode(
            context,
            Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_ENABLE_PARTIAL_WRITE)
                | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        // Each stream keeps its own session, as each browser does.
        roomwire_ssl_ctx_disable_cache(context)
        SSL_CTX_set_alpn_protos(context, Self.protocols, CUnsignedInt(Self.protocols.count))
        try trust(settings)
    }

    deinit {
        SSL_CTX_free(context)
    }

    /// What is offered by ALPN, in its wire form.
    private static let protocols: [UInt8] = [8] + Array("http/1.1".utf8)

    private func trust(_ settings: TLSSettings) throws(TLSFault) {
        guard !settings.isInsecure else { return SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil) }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        if let file = settings.caFile {
            guard SSL_CTX_load_verify_file(context, file) == 1 else {
                throw TLSFault(description: "\(file) holds no certificates in PEM (\(TLSErrors.take()))")
            }
        } else {
            // Without any, the handshake says that the certificate is not trusted.
            SSL_CTX_set_default_verify_paths(context)
        }
        let rules = SSL_CTX_get0_param(context)
        if X509_VERIFY_PARAM_set1_ip_asc(rules, host) != 1 { X509_VERIFY_PARAM_set1_host(rules, host, 0) }
        ERR_clear_error()
    }

    /// The client's side of a new connection; nil without memory.
    /// - Parameter session: what to resume, if the server agrees.
    func makeConnection(_ descriptor: CInt, resuming session: TLSSession?) -> TLSConnection? {
        guard let ssl = SSL_new(context) else { return nil }
        SSL_set_fd(ssl, descriptor)
        // A server is named by its name only (RFC 6066, section 3).
        if host.contains(where: { !$0.isNumber && $0 != "." }) { _ = roomwire_ssl_set_server_name(ssl, host) }
        if resumes, let session { SSL_set_session(ssl, session.pointer) }
        SSL_set_connect_state(ssl)
        return TLSConnection(ssl, of: self)
    }

    /// A handshake is done.
    func handshakeIsDone(isResumed: Bool) {
        if isResumed { resumedHandshakes += 1 } else { fullHandshakes += 1 }
    }
}

/// What a stream remembers of its last connection, so that the next one need not prove itself anew.
final class TLSSession {
    fileprivate let pointer: OpaquePointer

    /// Takes over what OpenSSL counts as in use.
    init(takingOver pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        SSL_SESSION_free(pointer)
    }
}

/// OpenSSL's queue of what went wrong.
enum TLSErrors {
    /// The reason of the first thing noted, as a number; 0 if nothing is.
    static var reason: CInt {
        let code = ERR_peek_error()
        return code == 0 ? 0 : ERR_GET_REASON(code)
    }

    /// The words for the first thing noted, and nothing is noted any more.
    static func take() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        if code & systemFlag != 0 { return String(cString: strerror(CInt(truncatingIfNeeded: code & ~systemFlag))) }
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "an unknown error"
    }

    /// What marks an error number of the system, for which OpenSSL has no words.
    private static let systemFlag: UInt = 1 << 31
}
