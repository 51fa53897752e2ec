internal import COpenSSL
internal import Glibc

/// Why a certificate and its key cannot be used.
package struct TLSFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file that is at fault.
    package enum File: Sendable {
        /// The certificate, followed by its chain.
        case certificate
        /// The private key.
        case key
    }

    /// The file that is at fault.
    package let file: File
    /// The reason, as one sentence without a full stop.
    package let description: String
}

/// A certificate with its private key, and the TLS settings of new connections.
///
/// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only, HTTP/1.1 by ALPN, no renegotiation, no
/// compression. Sessions are resumed by tickets. The ticket keys belong to the identity, so a ticket is valid at every
/// loop of the process until the identity is replaced.
package final class TLSIdentity: @unchecked Sendable {
    // Unchecked: the context is not changed after its creation, and OpenSSL counts references with atomics.
    private let context: OpaquePointer
    /// Warnings to the operator about a usable identity, each a sentence without a full stop.
    package let warnings: [String]

    /// AEAD with ephemeral elliptic curves, for TLS 1.2. TLS 1.3 has nothing else.
    private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"
    private static let groups = "X25519:P-256:P-384"
    /// The operator is warned of a certificate that expires within this many days.
    private static let lastDays = 7

    /// Reads both PEM files.
    /// - Parameters:
    ///   - certificate: the path of the server's certificate, followed by its chain.
    ///   - key: the path of its private key, without a passphrase.
    package init(certificate: String, key: String) throws(TLSFault) {
        try Self.checkReadable(certificate, .certificate)
        try Self.checkReadable(key, .key)
        context = try Self.makeContext()
        OpenSSLErrors.clear()
        guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
            SSL_CTX_free(context)
            throw TLSFault(
                file: .certificate,
                description: "\(certificate) holds no certificate in PEM (\(OpenSSLErrors.takeOldestText()))")
        }
        do throws(TLSFault) {
            try Self.loadKey(key, into: context)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        warnings = Self.warnings(SSL_CTX_get0_certificate(context), certificate: certificate, key: key)
    }

    /// The same certificate and key with new ticket keys.
    private init(renewing other: TLSIdentity) throws(TLSFault) {
        context = try Self.makeContext()
        warnings = other.warnings
        var chain: OpaquePointer?
        _ = roomwire_ssl_ctx_get_chain(other.context, &chain)
        SSL_CTX_use_cert_and_key(
            context, SSL_CTX_get0_certificate(other.context), SSL_CTX_get0_privatekey(other.context), chain, 1)
    }

    deinit {
        SSL_CTX_free(context)
    }

    /// The same identity with new ticket keys. An attacker who learns the old ones can decrypt only the sessions of
    /// their time.
    func renewed() -> TLSIdentity {
        (try? TLSIdentity(renewing: self)) ?? self
    }

    /// The server's side of a new connection; nil if memory is exhausted.
    func makeConnection() -> OpaquePointer? { SSL_new(context) }

    private static func makeContext() throws(TLSFault) -> OpaquePointer {
        guard let context = SSL_CTX_new(TLS_server_method()),
            roomwire_ssl_ctx_set_versions(context, TLS1_2_VERSION, TLS1_3_VERSION) == 1,
            SSL_CTX_set_cipher_list(context, ciphers) == 1, roomwire_ssl_ctx_set_groups(context, groups) == 1
        else { throw TLSFault(file: .certificate, description: "OpenSSL: \(OpenSSLErrors.takeOldestText())") }
        roomwire_ssl_ctx_set_server_options(context)
        // Idle connections release their buffers. A record is encrypted and written at once, so a retried write may
        // come from a different address.
        roomwire_ssl_ctx_set_mode(
            context,
            Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_ENABLE_PARTIAL_WRITE)
                | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        // A read returns after each record. By OpenSSL's default it would continue for as long as the client sends
        // records without application data, and block the loop.
        roomwire_ssl_ctx_clear_mode(context, Int(SSL_MODE_AUTO_RETRY))
        SSL_CTX_set_msg_callback(context, TLSHandshake.messageCallback)
        // The client's ticket contains the session, so the server stores none.
        roomwire_ssl_ctx_disable_cache(context)
        SSL_CTX_set_num_tickets(context, 1)
        var name = Array("roomwire".utf8)
        SSL_CTX_set_session_id_context(context, &name, CUnsignedInt(name.count))
        SSL_CTX_set_alpn_select_cb(context, chooseProtocol, nil)
        SSL_CTX_set_info_callback(context, TLSHandshake.infoCallback)
        return context
    }

    private static func loadKey(_ path: String, into context: OpaquePointer) throws(TLSFault) {
        SSL_CTX_set_default_passwd_cb(context, refusePassphrase)
        OpenSSLErrors.clear()
        if SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) == 1, SSL_CTX_check_private_key(context) == 1 {
            return
        }
        let code = OpenSSLErrors.last
        defer { OpenSSLErrors.clear() }
        if (try? contents(path))?.contains("ENCRYPTED") == true {
            throw TLSFault(
                file: .key,
                description:
                    "\(path) is encrypted, and nobody can type its passphrase; openssl pkey -in \(path) decrypts it")
        }
        switch OpenSSLErrors.reason(code) {
        // OpenSSL has one certificate for each kind of key, so a key of another kind has none.
        case X509_R_KEY_VALUES_MISMATCH, X509_R_KEY_TYPE_MISMATCH, SSL_R_NO_CERTIFICATE_ASSIGNED:
            throw TLSFault(file: .key, description: "\(path) is not the key of the certificate")
        default:
            throw TLSFault(file: .key, description: "\(path) holds no private key in PEM (\(OpenSSLErrors.text(code)))")
        }
    }
}

// Checks of the files before OpenSSL reads them, and of the certificate afterwards.
extension TLSIdentity {
    private static func checkReadable(_ path: String, _ file: TLSFault.File) throws(TLSFault) {
        guard let stream = fopen(path, "r") else {
            throw TLSFault(file: file, description: "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        fclose(stream)
    }

    private static func contents(_ path: String) throws -> String? {
        guard let stream = fopen(path, "r") else { return nil }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func warnings(_ certificate: OpaquePointer?, certificate path: String, key: String) -> [String] {
        var warnings: [String] = []
        if X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 {
            warnings.append("the certificate in \(path) has expired: clients will refuse it")
        } else {
            var soon = time(nil) + lastDays * 86_400
            if X509_cmp_time(X509_get0_notAfter(certificate), &soon) < 0 {
                warnings.append("the certificate in \(path) expires within \(lastDays) days")
            }
        }
        if X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 {
            warnings.append("the certificate in \(path) is not valid yet: clients will refuse it")
        }
        var status = stat()
        if stat(key, &status) == 0, status.st_mode & S_IROTH != 0 {
            warnings.append("every user of this machine can read the key in \(key); chmod o-r \(key) makes it private")
        }
        return warnings
    }
}

/// The protocols that the relay offers, in the encoding of ALPN.
private let offeredProtocols: [UInt8] = [8] + Array("http/1.1".utf8)

private func chooseProtocol(
    _ connection: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ offeredCount: CUnsignedInt,
    _ argument: UnsafeMutableRawPointer?
) -> CInt {
    // The choice points into the client's offer, which OpenSSL keeps long enough.
    var offset = 0
    while let offered, let chosen, let chosenCount, offset < Int(offeredCount) {
        let count = Int(offered[offset])
        guard offset + 1 + count <= Int(offeredCount) else { break }
        if UnsafeBufferPointer(start: offered + offset, count: count + 1).elementsEqual(offeredProtocols) {
            chosen.pointee = offered + offset + 1
            chosenCount.pointee = UInt8(count)
            return SSL_TLSEXT_ERR_OK
        }
        offset += 1 + count
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}

private func refusePassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?, _ count: CInt, _ isForWriting: CInt, _ argument: UnsafeMutableRawPointer?
) -> CInt { 0 }
