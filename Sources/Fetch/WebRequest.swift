/// The certificates that a server's certificate is checked against.
package struct TrustedCertificates: Sendable, Equatable {
    /// The path of a file of certificates in PEM; nil takes the system's.
    package let file: String?
    /// The path of a folder of certificates named by their hash, in OpenSSL's form.
    package let folder: String?
    /// Whether the system's folder stays trusted beside `file`.
    let keepsSystemFolder: Bool

    /// Those of a file; without one, those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, as for OpenSSL; without these,
    /// the system's.
    package init(file: String?, environment: [String: String]) {
        func named(_ variable: String) -> String? { environment[variable].flatMap { $0.isEmpty ? nil : $0 } }
        self.file = file ?? named("SSL_CERT_FILE")
        folder = file == nil ? named("SSL_CERT_DIR") : nil
        keepsSystemFolder = file == nil
    }
}

/// A request to a web server.
package struct WebRequest: Sendable {
    /// The address, `http` or `https`. Redirects are not followed: they would take the headers elsewhere.
    package var url: String
    /// Names and values, in the order in which they are sent.
    package var headers: [(name: String, value: String)]
    /// With a body it is a POST, else a GET.
    package var body: [UInt8]?
    /// True if the answer may be compressed; it is then decompressed.
    package var acceptsCompression = false
    /// The longest time to connect.
    package var connectMilliseconds = 10_000
    /// How long the server may send nothing before the transfer counts as broken.
    package var silenceMilliseconds: Int

    /// A request.
    package init(
        url: String, headers: [(name: String, value: String)], body: [UInt8]? = nil, silenceMilliseconds: Int
    ) {
        self.url = url
        self.headers = headers
        self.body = body
        self.silenceMilliseconds = silenceMilliseconds
    }
}

/// Why there is no answer, or not a whole one. The texts are libcurl's.
package enum WebFailure: Error, Sendable, Equatable {
    /// The host's name has no address.
    case noSuchHost
    /// No process listens at the address, or the network does not reach it.
    case noConnection
    /// The server sent nothing for longer than allowed.
    case timedOut
    /// The connection ended in the middle of an answer, or before it.
    case broken
    /// The certificate is not trusted, or the TLS handshake failed.
    case untrusted(String)
    /// Anything else.
    case other(String)
}

/// A part of an answer, in order: the head once, then bytes.
package enum WebAnswerPart: Sendable {
    /// The status, and the header values by their names in lower case.
    case head(status: Int, headers: [String: String])
    /// Some of the body.
    case bytes([UInt8])
}

/// A whole answer.
package struct WebAnswer: Sendable {
    /// The status.
    package let status: Int
    /// The header values by their names in lower case.
    package let headers: [String: String]
    /// The body, or its beginning if it is longer than the limit.
    package let body: [UInt8]
}
