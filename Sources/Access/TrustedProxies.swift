/// Whose word on a client's address counts, and in which header they give it.
///
/// A header that anybody can send says nothing by itself: it is read only when the connection comes from a trusted
/// proxy, and of a list only what trusted proxies have added at its end.
public struct TrustedProxies: Sendable, Hashable {
    /// The networks of the proxies.
    public let networks: [NetworkRange]
    /// The header's name in lower case.
    public let header: String

    /// Proxies in these networks, who tell the client's address in this header: `X-Forwarded-For`, `Forwarded`
    /// (RFC 7239), or one that holds a single address, such as `CF-Connecting-IP`.
    public init(networks: [NetworkRange] = [], header: String = "") {
        self.networks = networks
        self.header = header.lowercased()
    }

    /// The address of the client behind a connection.
    ///
    /// The header's list is read from its end: every proxy appends whom it was asked by, so the first address from
    /// the right that is no trusted proxy is the last that a trusted one has seen. Everything left of it is the
    /// client's own word. If an entry that counts is malformed, the connection's other end stands for the client.
    /// - Parameters:
    ///   - peer: the other end of the connection.
    ///   - headers: the request's header lines in order.
    public func client(peer: String, headers: [(name: String, value: String)]) -> String {
        // The usual case, on the way of every request.
        if networks.isEmpty && !peer.utf8.contains(UInt8(ascii: ":")) { return peer }
        guard let nearest = NetworkAddress(peer) else { return peer }
        // Written the usual way, so that one client has one name whichever listener it came by.
        guard !networks.isEmpty, trusts(nearest) else { return Self.text(peer, nearest) }
        var farthest = nearest
        for line in headers.reversed() where line.name.lowercased() == header {
            // One by one from the right: what the client itself has sent may be very long, and is not looked at.
            let entries = header == "forwarded" ? ForwardedHeader.elements(line.value) : Self.list(line.value)
            for entry in entries.reversed() {
                let client = header == "forwarded" ? ForwardedHeader.client(entry) : Self.address(inEntry: entry)
                guard let address = client else { return Self.text(peer, nearest) }
                guard trusts(address) else { return address.description }
                farthest = address
            }
        }
        // Only trusted addresses: a client within the trusted networks.
        return farthest.description
    }

    /// The header by which the other end of a connection gives a client's address although it is not trusted to; nil
    /// if there is none. It compares bytes in place, since every request passes here.
    public func ignoredHeader(peer: String, headers: [(name: String, value: String)]) -> String? {
        for line in headers {
            let count = line.name.utf8.count
            for known in Self.forwardingHeaders where count == known.utf8.count {
                guard zip(line.name.utf8, known.utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else { continue }
                if !networks.isEmpty, NetworkAddress(peer).map(trusts) ?? true { return nil }
                return known
            }
        }
        return nil
    }

    private static let forwardingHeaders: [String] = ["X-Forwarded-For", "Forwarded"]

    private func trusts(_ address: NetworkAddress) -> Bool { networks.contains { $0.contains(address) } }

    private static func text(_ written: String, _ address: NetworkAddress) -> String {
        written.utf8.contains(UInt8(ascii: ":")) ? address.description : written
    }

    private static func list(_ value: String) -> [Substring] {
        // By bytes, for the reason that stands at the other header.
        value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { Substring($0) }
    }

    /// An address with or without a port: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
    static func address(inEntry entry: some StringProtocol) -> NetworkAddress? {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        let text = String(entry.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || (rest.hasPrefix(":") && isPort(rest.dropFirst())) else { return nil }
            guard let address = NetworkAddress(text[text.index(after: text.startIndex)..<end]) else { return nil }
            return address
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return NetworkAddress(text) }
        guard isPort(parts[1]), let address = NetworkAddress(parts[0]), address.isIPv4 else { return nil }
        return address
    }

    private static func isPort(_ text: Substring) -> Bool {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

/// The header `Forwarded` of RFC 7239: elements with commas between them, each of pairs with semicolons.
enum ForwardedHeader {
    /// The elements of a header's value; one that is malformed if a quotation mark is left open.
    static func elements(_ value: String) -> [Substring] { split(value[...], at: UInt8(ascii: ",")) ?? [""] }

    /// The address after `for=` of an element; nil where it is missing, hidden (`_name`, `unknown`) or malformed.
    static func client(_ element: Substring) -> NetworkAddress? {
        guard let pairs = split(element, at: UInt8(ascii: ";")) else { return nil }
        let values = pairs.compactMap { pair -> String? in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, sides[0].filter({ $0 != " " && $0 != "\t" }).lowercased() == "for" else {
                return nil
            }
            return unquoted(String(sides[1]))
        }
        guard values.count == 1 else { return nil }
        return TrustedProxies.address(inEntry: values[0])
    }

    /// Splits where `separator` stands outside quotation marks; nil if a mark is left open. Bytes are compared: to
    /// Swift a character may be several scalars, and what a client has sent could make one with the comma of a proxy.
    private static func split(_ text: Substring, at separator: UInt8) -> [Substring]? {
        var parts: [Substring] = []
        var start = text.startIndex
        var isQuoted = false
        for index in text.utf8.indices {
            let byte = text.utf8[index]
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if byte == separator && !isQuoted {
                parts.append(text[start..<index])
                start = text.utf8.index(after: index)
            }
        }
        return isQuoted ? nil : parts + [text[start...]]
    }

    private static func unquoted(_ text: String) -> String {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        let text = String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
        guard text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
        return String(text.dropFirst().dropLast())
    }
}
