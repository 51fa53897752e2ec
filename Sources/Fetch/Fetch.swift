internal import Dispatch
internal import FoundationEssentials

/// One document to be fetched with GET, within bounds of time and size.
package struct Fetch: Sendable {
    /// What came.
    package struct Document: Sendable, Equatable {
        /// The body.
        package let body: [UInt8]
        /// For how many seconds the sender calls it fresh (`Cache-Control`, RFC 9111, section 5.2.2); 0 for
        /// `no-cache` and `no-store`, nil if it does not say.
        package let maxAgeSeconds: Int?
    }

    /// Why nothing came, or nothing of use.
    package enum Failure: Error, Sendable, Equatable {
        /// It took longer than allowed.
        case timedOut
        /// No connection, or one that broke; the text is libcurl's, without the address's query.
        case unreachable(String)
        /// The certificate is not trusted, or TLS could not be spoken; the text is libcurl's.
        case untrusted(String)
        /// An answer, but none with 200.
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
    ///   - timeoutMilliseconds: for everything, from the name's look-up to the body's last byte.
    ///   - limitBytes: how large the body may be.
    package init(_ address: WebAddress, authorities: String? = nil, timeoutMilliseconds: Int, limitBytes: Int) {
        self.address = address
        self.authorities = authorities
        self.timeoutMilliseconds = timeoutMilliseconds
        self.limitBytes = limitBytes
    }

    /// libcurl waits on the thread that asks, so these are threads of their own.
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

/// An address that keys may be fetched from: `https`, or `http` on this machine, where nobody can change the answer
/// on its way.
package struct WebAddress: Sendable, Hashable {
    /// The whole address.
    package let text: String
    /// Whether it is spoken to in TLS.
    package let isSecure: Bool
    /// Whether it is on this machine. Such an address is never asked through a proxy.
    package let isLoopback: Bool

    /// What is wrong with an address, to be read after its name.
    package struct InvalidAddressError: Error, Sendable, Equatable {
        /// The rest of the sentence.
        package let problem: String
    }

    /// Reads an address.
    package init(_ text: String) throws(InvalidAddressError) {
        // What is left are the characters of RFC 3986: no two readers of addresses see different hosts in them.
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }
        guard isPlain, let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let host = parts.host, !host.isEmpty
        else { throw InvalidAddressError(problem: "should be an address, as in https://idp.example.com/keys") }
        guard parts.user == nil, parts.password == nil else {
            throw InvalidAddressError(problem: "should have no user and password in it")
        }
        isLoopback = Self.isLoopback(host)
        isSecure = scheme == "https"
        guard isSecure || (scheme == "http" && isLoopback) else {
            throw InvalidAddressError(
                problem: "should begin with https://, since whoever changes the answer can mint tokens")
        }
        self.text = text
    }

    /// The address without what follows its path, for people: a query may hold a secret.
    package var shown: String { String(text.prefix { $0 != "?" && $0 != "#" }) }

    /// Whether an address, whatever else may be wrong with it, is on this machine.
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
