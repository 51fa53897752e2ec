internal import Events
internal import Wire

/// Checks the encoding of a body. JSON between systems is UTF-8 (RFC 8259, section 8.1), whatever a charset says:
/// JSON's media type has no such parameter.
enum BodyEncoding {
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The body without the byte order mark that some senders write before UTF-8, which a parser may ignore.
    static func withoutMark(_ body: [UInt8]) -> [UInt8] {
        body.starts(with: mark) ? Array(body.dropFirst(mark.count)) : body
    }

    /// The likely reason why a body is not JSON, as a sentence; nil if its bytes and headers give no hint.
    static func problem(_ request: WebhookRequest) -> String? {
        if let coding = request.header("Content-Encoding"), !coding.isEmpty, !coding.equalsIgnoringASCIICase("identity")
        {
            return "The body is compressed, as its Content-Encoding says. Webhooks are taken uncompressed."
        }
        if isWide(request.body) { return "The body is UTF-16 or UTF-32. JSON is taken in UTF-8." }
        guard !isUTF8(request.body) else { return nil }
        return namesCharset(request)
            ? "The body is not UTF-8. JSON is taken in UTF-8, whatever charset its Content-Type names." : nil
    }

    /// True for text in units of two or four bytes: a byte order mark, or zeros between the first letters.
    private static func isWide(_ body: [UInt8]) -> Bool {
        if body.starts(with: [0xFE, 0xFF]) || body.starts(with: [0xFF, 0xFE]) { return true }
        return body.count >= 2 && (body[0] == 0 || body[1] == 0)
    }

    private static func isUTF8(_ body: [UInt8]) -> Bool {
        body.withUnsafeBufferPointer { WireText(validating: $0) != nil }
    }

    private static func namesCharset(_ request: WebhookRequest) -> Bool {
        guard let type = request.header("Content-Type") else { return false }
        return type.split(at: UInt8(ascii: ";")).contains { part in
            part.trimmingBlanks().utf8.prefix(8).elementsEqualIgnoringASCIICase("charset=".utf8)
        }
    }
}
