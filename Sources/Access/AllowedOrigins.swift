package import Wire

/// The web pages that may read streams: an allow list of origins for CORS.
package struct AllowedOrigins: Sendable, Hashable {
    /// What the answer to a page of some origin says.
    package enum Decision: Sendable, Hashable {
        /// The origin is listed: `Access-Control-Allow-Origin` repeats it, and credentials are allowed.
        case allowed
        /// The list has `*`: anybody may read, but without cookies.
        case allowedWithoutCredentials
        /// No CORS headers at all.
        case refused
    }

    private var exact: Set<WireText> = []
    // `https://*.example.com` as what stands before and after the star.
    private var wildcards: [Wildcard] = []
    private var anybody = false

    private struct Wildcard: Sendable, Hashable {
        let before: WireText
        let after: WireText
    }

    /// The list of the settings: `https://app.example.com`, `http://localhost:5173`, `https://*.example.com` (any
    /// depth of subdomain, but not `example.com` itself), the origin of an app or a browser's extension such as
    /// `capacitor://localhost`, or `*`.
    package init(_ origins: [String] = []) throws(OriginError) {
        for text in origins {
            if text == "*" {
                anybody = true
                continue
            }
            guard let origin = Self.normal(text) else { throw OriginError(origin: text) }
            if let star = origin.firstIndex(of: "*") {
                wildcards.append(
                    Wildcard(
                        before: WireText(String(origin[..<star])),
                        after: WireText(String(origin[origin.index(after: star)...]))))
            } else {
                exact.insert(WireText(origin))
            }
        }
    }

    /// What to answer to a request with this `Origin`. `null`, which sandboxed pages of anybody send, is never
    /// listed.
    package func decision(for origin: WireText) -> Decision {
        if exact.contains(origin) || wildcards.contains(where: { Self.matches(origin, $0) }) { return .allowed }
        return anybody ? .allowedWithoutCredentials : .refused
    }

    private static func matches(_ origin: WireText, _ wildcard: Wildcard) -> Bool {
        guard origin.byteCount > wildcard.before.byteCount + wildcard.after.byteCount,
            origin.hasPrefix(wildcard.before), origin.hasSuffix(wildcard.after)
        else { return false }
        return isHost(origin.utf8.dropFirst(wildcard.before.byteCount).dropLast(wildcard.after.byteCount))
    }

    /// As browsers write it: lower case, no path, no port where it is the scheme's own. Nil for what is no origin.
    private static func normal(_ text: String) -> String? {
        let text = text.lowercased()
        if let origin = ofApp(text) { return origin }
        for (scheme, port) in [("https://", ":443"), ("http://", ":80")] where text.hasPrefix(scheme) {
            let rest = text.dropFirst(scheme.count)
            // An IPv6 address has colons of its own.
            let hostEnd =
                rest.first == "[" ? rest.firstIndex(of: "]").map(rest.index(after:)) : rest.firstIndex(of: ":")
            let host = rest[..<(hostEnd ?? rest.endIndex)]
            let tail = rest[host.endIndex...]
            let name = host.hasPrefix("*.") ? host.dropFirst(2) : host
            guard isHost(name.utf8) || isAddress(host), tail.isEmpty || tail.first == ":" else { return nil }
            if let digits = tail.isEmpty ? nil : tail.dropFirst() {
                guard let number = UInt16(digits), number > 0, "\(number)" == digits else { return nil }
            }
            return scheme + (rest.hasSuffix(port) ? rest.dropLast(port.count) : rest)
        }
        return nil
    }

    /// An IPv6 address in brackets, written as browsers write it: its shortest form.
    private static func isAddress(_ host: Substring) -> Bool {
        guard host.hasPrefix("["), host.hasSuffix("]") else { return false }
        let text = host.dropFirst().dropLast()
        guard let address = NetworkAddress(text) else { return false }
        return !address.isIPv4 && address.description == text
    }

    /// Schemes whose pages have the origin `null`, or that no page is served by.
    private static let foreignSchemes: Set<String> = [
        "about", "blob", "data", "file", "ftp", "http", "https", "javascript", "mailto", "ws", "wss",
    ]

    /// An origin of another scheme (RFC 6454, section 6.2), as apps and extensions have them: a scheme, `://`, a host
    /// that may be empty, and perhaps a port. Nil for what is none.
    private static func ofApp(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8),
            let first = bytes.first, isLetter(first)
        else { return nil }
        let scheme = bytes[..<colon]
        let isScheme = scheme.allSatisfy { isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) }
        guard isScheme, scheme.count <= 64, !foreignSchemes.contains(String(decoding: scheme, as: UTF8.self)) else {
            return nil
        }
        let parts = bytes[(colon + 3)...].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let isHost = parts[0].allSatisfy { isLetter($0) || isDigit($0) || "-._".utf8.contains($0) }
        guard isHost, parts.count <= 2 else { return nil }
        if parts.count == 2 {
            let digits = String(decoding: parts[1], as: UTF8.self)
            guard let number = UInt16(digits), number > 0, "\(number)".utf8.elementsEqual(parts[1]) else { return nil }
        }
        return text
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// One label or several with dots between them, of lower-case letters, digits, `-` and `_`.
    private static func isHost(_ text: Substring.UTF8View) -> Bool {
        text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty
                && label.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }
}

/// An entry of the list that is no origin.
package struct OriginError: Error, Sendable, Equatable, CustomStringConvertible {
    /// As it stands in the settings.
    package let origin: String

    /// An error about one entry.
    package init(origin: String) {
        self.origin = origin
    }

    /// The whole sentence.
    package var description: String {
        "\(origin) is no origin: it takes http://, https:// or an app's scheme, a host and perhaps a port, and nothing "
            + "after them"
    }
}
