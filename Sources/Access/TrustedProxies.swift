package import Wire

/// Whose word on a client's address counts, and in which header they give it.
///
/// A header that anybody can send says nothing by itself: it is read only when the connection comes from a trusted
/// proxy, and of a list only what trusted proxies have added at its end.
package struct TrustedProxies: Sendable, Hashable {
    /// The networks of the proxies.
    package let networks: [NetworkRange]
    /// The header's name in lower case.
    package let header: WireText

    /// Proxies in these networks, who tell the client's address in this header: `X-Forwarded-For`, `Forwarded`
    /// (RFC 7239), or one that holds a single address, such as `CF-Connecting-IP`.
    package init(networks: [NetworkRange] = [], header: String = "") {
        self.networks = networks
        self.header = WireText(header).asciiLowercased()
    }

    /// The address of the client behind a connection.
    ///
    /// The header's list is read from its end: every proxy appends whom it was asked by, so the first address from
    /// the right that is no trusted proxy is the last that a trusted one has seen. Everything left of it is the
    /// client's own word. If an entry that counts is malformed, the connection's other end stands for the client.
    /// - Parameters:
    ///   - peer: the other end of the connection.
    ///   - headers: the request's header lines in order.
    package func client(peer: String, headers: [(name: WireText, value: WireText)]) -> String {
        // The usual case, on the way of every request.
        if networks.isEmpty && !peer.utf8.contains(UInt8(ascii: ":")) { return peer }
        guard let nearest = NetworkAddress(peer) else { return peer }
        // Written the usual way, so that one client has one name whichever listener it came by.
        guard !networks.isEmpty, trusts(nearest) else { return Self.text(peer, nearest) }
        var farthest = nearest
        for line in headers.reversed() where line.name.equalsIgnoringASCIICase(header) {
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
    package func ignoredHeader(peer: String, headers: [(name: WireText, value: WireText)]) -> String? {
        for line in headers {
            for known in Self.forwardingHeaders where line.name.equalsIgnoringASCIICase(known) {
                if !networks.isEmpty, NetworkAddress(peer).map(trusts) ?? true { return nil }
                return known.string
            }
        }
        return nil
    }

    private static let forwardingHeaders: [WireText] = ["X-Forwarded-For", "Forwarded"]

    /// Whether a connection from this address is a trusted proxy's.
    package func trusts(peer: String) -> Bool {
        guard !networks.isEmpty, let address = NetworkAddress(peer) else { return false }
        return trusts(address)
    }

    private func trusts(_ address: NetworkAddress) -> Bool { networks.contains { $0.contains(address) } }

    private static func text(_ written: String, _ address: NetworkAddress) -> String {
        written.utf8.contains(UInt8(ascii: ":")) ? address.description : written
    }

    private static func list(_ value: WireText) -> [WireText] {
        value.split(at: UInt8(ascii: ","), omittingEmpty: false)
    }

    /// An address with or without a port: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
    static func address(inEntry entry: WireText) -> NetworkAddress? {
        let text = entry.trimmingBlanks()
        if text.hasPrefix("[") {
            guard let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            let rest = text.utf8[end...].dropFirst()
            guard rest.isEmpty || (rest.first == UInt8(ascii: ":") && isPort(rest.dropFirst())) else { return nil }
            return NetworkAddress(WireText(decoding: text.utf8[..<end].dropFirst()))
        }
        let parts = text.split(at: UInt8(ascii: ":"), omittingEmpty: false)
        guard parts.count == 2 else { return NetworkAddress(text) }
        guard isPort(parts[1].utf8[...]), let address = NetworkAddress(parts[0]), address.isIPv4 else { return nil }
        return address
    }

    private static func isPort(_ text: Substring.UTF8View) -> Bool {
        (1...5).contains(text.count) && text.allSatisfy { (0x30...0x39).contains($0) }
    }
}

/// The header `Forwarded` of RFC 7239: elements with commas between them, each of pairs with semicolons.
enum ForwardedHeader {
    /// The elements of a header's value; one that is malformed if a quotation mark is left open.
    static func elements(_ value: WireText) -> [WireText] { split(value, at: UInt8(ascii: ",")) ?? [""] }

    /// The address after `for=` of an element; nil where it is missing, hidden (`_name`, `unknown`) or malformed.
    static func client(_ element: WireText) -> NetworkAddress? {
        guard let pairs = split(element, at: UInt8(ascii: ";")) else { return nil }
        let values = pairs.compactMap { pair -> WireText? in
            let sides = pair.split(at: UInt8(ascii: "="), maxSplits: 1, omittingEmpty: false)
            guard sides.count == 2, withoutBlanks(sides[0]).equalsIgnoringASCIICase("for") else { return nil }
            return unquoted(sides[1])
        }
        guard values.count == 1 else { return nil }
        return TrustedProxies.address(inEntry: values[0])
    }

    private static func withoutBlanks(_ text: WireText) -> WireText {
        WireText(decoding: text.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") })
    }

    /// Splits where `separator` stands outside quotation marks; nil if a mark is left open. Bytes are compared: to
    /// Swift a character may be several scalars, and what a client has sent could make one with the comma of a proxy.
    private static func split(_ text: WireText, at separator: UInt8) -> [WireText]? {
        let bytes = text.utf8
        var parts: [WireText] = []
        var start = bytes.startIndex
        var isQuoted = false
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if byte == separator && !isQuoted {
                parts.append(WireText(decoding: bytes[start..<index]))
                start = bytes.index(after: index)
            }
        }
        return isQuoted ? nil : parts + [WireText(decoding: bytes[start...])]
    }

    private static func unquoted(_ text: WireText) -> WireText {
        let text = text.trimmingBlanks()
        guard text.byteCount >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
        return text.dropFirst(1).dropLast(1)
    }
}
