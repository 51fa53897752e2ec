/// What the first lines of an HTTP response say that matters here.
struct ResponseHead: Equatable {
    /// The status code.
    let status: Int
    /// Whether the body comes in chunks.
    let isChunked: Bool
    /// How long the body is, if the head says so.
    let contentLength: Int?

    /// Reads a head, without the empty line that ends it.
    init?(_ bytes: some Sequence<UInt8>) {
        let lines = String(decoding: Array(bytes), as: UTF8.self).split(whereSeparator: \.isNewline)
        guard let first = lines.first, first.hasPrefix("HTTP/1.") else { return nil }
        let words = first.split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { return nil }
        var isChunked = false
        var contentLength: Int?
        for line in lines.dropFirst() {
            let parts = line.lowercased().split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].drop { $0 == " " }
            if parts[0] == "transfer-encoding" { isChunked = value.hasSuffix("chunked") }
            if parts[0] == "content-length" { contentLength = Int(value) }
        }
        self.status = status
        self.isChunked = isChunked
        self.contentLength = contentLength
    }

    /// Where in `bytes` the head ends: the offsets of its empty line's beginning and end.
    static func end(in bytes: [UInt8]) -> (head: Int, body: Int)? {
        bytes.withUnsafeBytes { bytes in
            bytes.position(of: [0x0D, 0x0A, 0x0D, 0x0A]).map { ($0, $0 + 4) }
        }
    }
}
