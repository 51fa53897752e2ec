internal import FoundationEssentials

/// The base address of an API that the relay sends credentials to: `https`, or `http` to a private host, where the
/// operator knows the way of the request.
package struct APIAddress: Sendable, Hashable {
    /// The address without a slash at its end; paths of requests follow it.
    package let text: String
    /// Whether it is spoken to over TLS.
    package let isSecure: Bool

    /// Reads an address. `wss` and `ws`, as LiveKit's clients have them, stand for `https` and `http`.
    package init(_ text: String) throws(WebAddress.FormatError) {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }
        guard isPlain, let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let host = parts.host, !host.isEmpty
        else { throw WebAddress.FormatError(problem: "should be an address, as in https://livekit.example.com") }
        guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil else {
            throw WebAddress.FormatError(problem: "should have no user, password, query or fragment in it")
        }
        isSecure = scheme == "https" || scheme == "wss"
        let isPrivate = (scheme == "http" || scheme == "ws") && PrivateHost.contains(host)
        guard isSecure || isPrivate else {
            throw WebAddress.FormatError(
                problem: "should begin with https://, since its requests have credentials; http:// is for private hosts"
            )
        }
        let rest = text.dropFirst(scheme.count)
        var address = (isSecure ? "https" : "http") + rest
        while address.hasSuffix("/") { address.removeLast() }
        self.text = address
    }
}

/// Hosts that are in a network of the operator's own.
enum PrivateHost {
    /// Endings of names that no public name server knows.
    private static let endings = [".local", ".localhost", ".internal", ".localdomain", ".lan", ".home.arpa", ".svc"]

    /// True for loopback, private (RFC 1918, RFC 4193) and link-local addresses, and for names without a dot or with one
    /// of the endings above.
    static func contains(_ host: String) -> Bool {
        var name = host.lowercased()
        if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
        if name.contains(":") { return isPrivateIPv6(name) }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if let last = labels.last?.first, last.isNumber { return isPrivateIPv4(labels) }
        return labels.count == 1 || endings.contains { name.hasSuffix($0) }
    }

    /// Only four decimal numbers: libcurl reads other forms of addresses as well.
    private static func isPrivateIPv4(_ labels: [Substring]) -> Bool {
        let numbers = labels.compactMap { label in label.hasPrefix("0") && label.count > 1 ? nil : UInt8(label) }
        guard labels.count == 4, numbers.count == 4 else { return false }
        switch (numbers[0], numbers[1]) {
        case (127, _), (10, _), (192, 168), (169, 254), (172, 16...31): return true
        default: return false
        }
    }

    private static func isPrivateIPv6(_ address: String) -> Bool {
        if address == "::1" { return true }
        guard let first = address.split(separator: ":", omittingEmptySubsequences: false).first,
            let word = UInt16(first, radix: 16)
        else { return false }
        // fc00::/7 and fe80::/10.
        return word & 0xFE00 == 0xFC00 || word & 0xFFC0 == 0xFE80
    }
}
