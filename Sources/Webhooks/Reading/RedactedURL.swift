internal import Events
internal import Wire

/// Removes secrets from addresses: user and password before the host, keys in path and query.
///
/// An address is recognised by `://` after a scheme, anywhere in a text. It extends to a blank or a quotation mark, so
/// that the whole of a key is removed, whatever its characters.
enum RedactedURL {
    private static let hostSchemes: Set<WireText> = [
        "http", "https", "ws", "wss", "rtmp", "rtmps", "rtsp", "rtsps", "srt", "whip", "whips",
    ]
    private static let linkSchemes: Set<WireText> = ["http", "https", "ws", "wss"]

    /// Scheme and host alone, since any part of the path may be a stream's key. Where even the host may be the key, as
    /// in `twitch://key`, only the scheme remains. Text that is not an address is replaced entirely.
    static func host(_ text: WireText) -> WireText {
        guard let parts = Parts(trimmed(text)) else { return Redaction.placeholder }
        return host(parts)
    }

    private static func host(_ parts: Parts) -> WireText {
        let isHost = hostSchemes.contains(parts.scheme.asciiLowercased())
        guard isHost else { return "\(parts.scheme)://\(Redaction.placeholder)" }
        let address: WireText = "\(parts.scheme)://\(parts.host)"
        return parts.tail.isEmpty ? address : "\(address)/\(Redaction.placeholder)"
    }

    /// The address without user, query and fragment, which may contain its signature; with schemes other than http and
    /// https as ``host(_:)``. Addresses within other text are treated alike.
    static func withoutQuery(_ text: WireText) -> WireText {
        guard mayHoldURL(text) else { return text }
        guard let parts = Parts(trimmed(text)) else { return replacing(in: text, with: withoutQuery) }
        return withoutQuery(parts)
    }

    private static func withoutQuery(_ parts: Parts) -> WireText {
        // An address within the path may have a key.
        guard parts.isOfTheWeb, parts.isRegular, !mayHoldURL(parts.path) else { return host(parts) }
        return "\(parts.scheme)://\(parts.host)\(parts.path)"
    }

    /// As ``metadata(_:)``; nil for text without an address, the usual case.
    static func reduced(_ text: WireText) -> WireText? {
        mayHoldURL(text) ? replacing(in: text, keepsLinks: true, with: host) : nil
    }

    /// Running text in which every address is reduced as by ``host(_:)``.
    static func prose(_ text: WireText) -> WireText {
        mayHoldURL(text) ? replacing(in: text, with: host) : text
    }

    /// Text that an application wrote for its own clients, such as a participant's metadata: web links lose only user
    /// and password, and every other address is reduced as by ``host(_:)``.
    static func metadata(_ text: WireText) -> WireText {
        reduced(text) ?? text
    }

    /// True for text that begins with a scheme and `://`, ignoring blanks before it.
    static func startsLikeURL(_ text: WireText) -> Bool { Parts(trimmed(text)) != nil }

    /// Whether a text contains an address. Nearly all do not.
    static func mayHoldURL(_ text: WireText) -> Bool {
        text.withBytes { AddressScan.hasMark($0) && AddressScan.next(in: $0, from: 0) != nil }
    }

    private static func trimmed(_ text: WireText) -> WireText {
        text.withBytes { bytes in
            guard let first = bytes.first, let last = bytes.last, first <= 0x20 || last <= 0x20 else { return text }
            var rest = bytes[...].drop { $0 <= 0x20 }
            while let last = rest.last, last <= 0x20 { rest.removeLast() }
            return WireText(decoding: rest)
        }
    }

    /// Replaces every address in the text. An address whose separator is escaped, as in JSON within text or in a query,
    /// is reduced to its scheme.
    private static func replacing(
        in text: WireText, keepsLinks: Bool = false, with replace: (Parts) -> WireText
    ) -> WireText {
        text.withBytes { bytes in
            func text(_ start: Int, _ end: Int) -> WireText { WireText(decoding: bytes[start..<end]) }
            var result: [UInt8] = []
            var done = 0
            while let found = AddressScan.next(in: bytes, from: done) {
                result += bytes[done..<found.start]
                if keepsLinks, let link = link(found, in: bytes) {
                    result += link.text
                    done = link.end
                    continue
                }
                done = AddressScan.end(of: found, in: bytes)
                let parts = found.isPlain ? Parts(text(found.start, done)) : nil
                let escaped: WireText = "\(text(found.start, found.schemeEnd))://\(Redaction.placeholder)"
                result += (parts.map(replace) ?? escaped).utf8
            }
            result += bytes[done...]
            return WireText(decoding: result)
        }
    }

    /// The beginning of a link that is kept, without user and password, and the index of its rest, which may contain
    /// further addresses. Nil if it is not a link. Only the bytes up to the end of the host are examined, so each of
    /// many nested links is examined once.
    private static func link(
        _ found: AddressScan.Found, in bytes: UnsafeBufferPointer<UInt8>
    ) -> (text: [UInt8], end: Int)? {
        let scheme = WireText(decoding: bytes[found.start..<found.schemeEnd])
        guard linkSchemes.contains(scheme.asciiLowercased()) else { return nil }
        guard found.isPlain else {
            return (Array(bytes[found.start..<found.hostStart]), AddressScan.escapedHost(of: found, in: bytes))
        }
        let end = AddressScan.authorityEnd(of: found, in: bytes)
        guard let parts = Parts(WireText(decoding: bytes[found.start..<end])), parts.tail.isEmpty else {
            return nil
        }
        return (Array("\(parts.scheme)://\(parts.host)".utf8), end)
    }

    /// The pieces of an address.
    private struct Parts {
        let scheme: WireText
        let host: WireText
        /// Everything after the host.
        let tail: WireText
        /// The path with its first slash, without query and fragment.
        var path: WireText { WireText(decoding: tail.utf8.prefix { !"?#".utf8.contains($0) }) }
        /// Whether the scheme is `http` or `https`.
        var isOfTheWeb: Bool { scheme.equalsIgnoringASCIICase("https") || scheme.equalsIgnoringASCIICase("http") }
        /// False if the host is followed by anything but a path, a query or a fragment: perhaps half of a password.
        var isRegular: Bool { tail.utf8.first.map { "/?#".utf8.contains($0) } ?? true }

        init?(_ text: WireText) {
            let pieces = text.withBytes { bytes -> (WireText, WireText, WireText)? in
                guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0,
                    bytes[colon...].starts(with: "://".utf8), bytes[..<colon].allSatisfy(AddressScan.isSchemeByte)
                else { return nil }
                let rest = bytes[(colon + 3)...]
                let authority = rest.prefix { !"/?#".utf8.contains($0) }
                let afterUser = authority.lastIndex(of: UInt8(ascii: "@")).map { authority[($0 + 1)...] } ?? authority
                let host = HostScan.host(afterUser)
                func text(_ bytes: HostScan.Bytes) -> WireText { WireText(decoding: bytes) }
                return (text(bytes[..<colon]), text(host), text(bytes[host.endIndex...]))
            }
            guard let pieces else { return nil }
            (scheme, host, tail) = pieces
        }
    }
}
