internal import Events

/// Addresses without the secrets that they carry: user and password before the host, keys in path and query.
enum RedactedURL {
    private static let hostSchemes: Set<WireText> = [
        "http", "https", "ws", "wss", "rtmp", "rtmps", "rtsp", "rtsps", "srt", "whip", "whips",
    ]

    /// Scheme and host alone: a stream's key may be any part of its path. Where even the host may be the key, as in
    /// `twitch://key`, only the scheme is left. Text that is no address is taken out altogether.
    static func host(_ text: WireText) -> WireText {
        guard let parts = Parts(text) else { return Redaction.placeholder }
        let scheme: WireText = "\(parts.scheme)://"
        guard hostSchemes.contains(parts.scheme.asciiLowercased()) else { return "\(scheme)\(Redaction.placeholder)" }
        let address: WireText = "\(scheme)\(parts.host)"
        return parts.hasMore ? "\(address)/\(Redaction.placeholder)" : address
    }

    /// The address without user, query and fragment, which may sign it; of other schemes than the web's as
    /// ``host(_:)``.
    static func withoutQuery(_ text: WireText) -> WireText {
        guard let parts = Parts(text) else { return text }
        guard parts.scheme == "https" || parts.scheme == "http" else { return host(text) }
        return "\(parts.scheme)://\(parts.host)\(parts.path)"
    }

    /// True for text that begins with a scheme and `://`.
    static func startsLikeURL(_ text: WireText) -> Bool {
        text.withBytes { bytes in
            guard let colon = bytes.prefix(17).firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return false }
            return bytes[colon...].starts(with: "://".utf8) && bytes[..<colon].allSatisfy(isSchemeByte)
        }
    }

    /// Running text in which every address is reduced to its host.
    static func prose(_ text: WireText) -> WireText {
        guard text.utf8.contains(UInt8(ascii: ":")) else { return text }
        var result: [UInt8] = []
        var word: [UInt8] = []
        func flush() {
            // An address may stick to punctuation before it, so the scheme is looked for from behind.
            if let start = addressStart(word) {
                result += word[..<start]
                result += host(WireText(decoding: word[start...])).utf8
            } else {
                result += word
            }
            word.removeAll(keepingCapacity: true)
        }
        for byte in text.utf8 {
            if byte <= 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                flush()
                result.append(byte)
            } else {
                word.append(byte)
            }
        }
        flush()
        return WireText(decoding: result)
    }

    private static func addressStart(_ word: [UInt8]) -> Int? {
        guard let colon = word.firstIndex(of: UInt8(ascii: ":")), word[colon...].starts(with: "://".utf8) else {
            return nil
        }
        let scheme = word[..<colon].reversed().prefix(while: isSchemeByte).count
        return scheme > 0 ? colon - scheme : nil
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// The pieces of an address.
    private struct Parts {
        let scheme: WireText
        let host: WireText
        /// The path with its first slash, without query and fragment.
        let path: WireText
        /// True if anything followed the host.
        let hasMore: Bool

        init?(_ text: WireText) {
            guard RedactedURL.startsLikeURL(text), let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
                return nil
            }
            scheme = WireText(decoding: text.utf8[..<colon])
            let rest = text.utf8[colon...].dropFirst(3)
            let authority = rest.prefix { !"/?#".utf8.contains($0) }
            let afterUser = authority.lastIndex(of: UInt8(ascii: "@")).map { authority[$0...].dropFirst() } ?? authority
            host = WireText(decoding: afterUser)
            let tail = rest[authority.endIndex...]
            hasMore = !tail.isEmpty
            path = WireText(decoding: tail.prefix { !"?#".utf8.contains($0) })
        }
    }
}
