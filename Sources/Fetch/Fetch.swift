internal import Dispatch
internal import FoundationEssentials

/// Fetches one document with GET, within bounds of time and size.
package struct Fetch: Sendable {
    /// A fetched document.
    package struct Document: Sendable, Equatable {
        /// The body.
        package let body: [UInt8]
        /// How many seconds it is fresh by `Cache-Control` (RFC 9111, section 5.2.2); 0 for `no-cache` and `no-store`,
        /// nil without the header.
        package let maxAgeSeconds: Int?
    }

    /// Why there is no document.
    package enum Failure: Error, Sendable, Equatable {
        /// It took longer than allowed.
        case timedOut
        /// No connection, or one that broke. The text is libcurl's, without the query of the address.
        case unreachable(String)
        /// The certificate is not trusted, or the TLS handshake failed. The text is libcurl's.
        case untrusted(String)
        /// An answer with another status than 200.
        case status(Int)
        /// The body is larger than allowed.
        case tooLarge
    }

    private let address: WebAddress
    private let authorities: String?
    private let timeoutMilliseconds: Int
    private let limitBytes: Int

    /// A document at an address.
    /// - Parameters:
    ///   - authorities: the path of certificates in PEM that are trusted instead of the system's.
    ///   - timeoutMilliseconds: for everything, from the DNS lookup to the last byte of the body.
    ///   - limitBytes: the largest body.
    package init(_ address: WebAddress, authorities: String? = nil, timeoutMilliseconds: Int, limitBytes: Int) {
        self.address = address
        self.authorities = authorities
        self.timeoutMilliseconds = timeoutMilliseconds
        self.limitBytes = limitBytes
    }

    /// libcurl blocks its thread, so it runs on threads of this queue.
    private static let threads = DispatchQueue(label: "fetch", attributes: .concurrent)

    /// Fetches it.
    package func document() async throws(Failure) -> Document {
        let result: Result<Document, Failure> = await withCheckedContinuation { continuation in
            Self.threads.async { continuation.resume(returning: perform()) }
        }
        return try result.get()
    }

    private func perform() -> Result<Document, Failure> {
        guard let transfer = CurlTransfer() else { return .failure(.unreachable("libcurl has no memory")) }
        transfer.prepare(
            address, authorities: authorities, timeoutMilliseconds: timeoutMilliseconds, limitBytes: limitBytes)
        return Result { () throws(Failure) in try transfer.run() }
    }
}

/// An address that keys may be fetched from: `https`, or `http` on this machine, where no other machine can change the
/// answer.
package struct WebAddress: Sendable, Hashable {
    /// The whole address.
    package let text: String
    /// True for `https`.
    package let isSecure: Bool
    /// True if it is on this machine. Requests to it never go through a proxy.
    package let isLoopback: Bool

    /// Why an address cannot be used, as the rest of a sentence that begins with its name.
    package struct FormatError: Error, Sendable, Equatable {
        /// The problem.
        package let problem: String
    }

    /// Reads an address.
    package init(_ text: String) throws(FormatError) {
        // Only RFC 3986's characters, so that all parsers find the same host.
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }
        guard isPlain, let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let host = parts.host, !host.isEmpty
        else { throw FormatError(problem: "should be an address, as in https://idp.example.com/keys") }
        guard parts.user == nil, parts.password == nil else {
            throw FormatError(problem: "should have no user and password in it")
        }
        isLoopback = Self.isLoopback(host)
        isSecure = scheme == "https"
        guard isSecure || (scheme == "http" && isLoopback) else {
            throw FormatError(
                problem: "should begin with https://, since an attacker who changes the answer can mint tokens")
        }
        self.text = text
    }

    /// The address up to its path, for people: a query may hold a secret.
    package var shown: String { String(text.prefix { $0 != "?" && $0 != "#" }) }

    /// True if an address, valid or not, is on this machine.
    static func isOnThisMachine(_ text: String) -> Bool {
        URLComponents(string: text)?.host.map(isLoopback) ?? false
    }

    private static func isLoopback(_ host: String) -> Bool {
        let name = host.lowercased()
        if ["localhost", "[::1]", "::1"].contains(name) { return true }
        let numbers = name.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return numbers.count == 4 && numbers[0] == 127 && numbers.allSatisfy { $0 != nil }
    }
}
