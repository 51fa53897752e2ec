internal import Events
internal import Wire

/// HTTP texts that several commands need: queries, and problem bodies.
enum HTTPText {
    /// Text for a query or a path segment: everything except RFC 3986's unreserved characters is percent-encoded.
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + Hex.text([byte]).uppercased()
            }
        }
        return result
    }

    /// A query of these parameters, with the `?`; empty if there are none.
    static func query(_ parameters: [(name: String, value: String)]) -> String {
        let pairs = parameters.map { "\($0.name)=\(escaped($0.value))" }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    /// The sentence of a problem body (RFC 9457): its `detail`, else its `title`. Nil for any other body.
    static func problemSentence(_ body: [UInt8]) -> String? {
        guard let problem = try? JSONReader.value(body).object else { return nil }
        return (problem["detail"]?.string ?? problem["title"]?.string).map { Terminal.harmless($0.string) }
    }

    /// The `reason` of a problem body; nil for any other body.
    static func problemReason(_ body: [UInt8]) -> String? {
        (try? JSONReader.value(body))?.object?["reason"]?.string.map { Terminal.harmless($0.string) }
    }
}
