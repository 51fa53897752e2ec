internal import Events
internal import Wire

/// Chunks of `Transfer-Encoding: chunked` (RFC 9112, section 7.1). Each event and each control frame is one chunk, so
/// the unsent rest of an event does not depend on the events beside it.
package enum Chunk {
    /// The last chunk. A client that never receives it knows that the stream broke.
    package static let last = Array("0\r\n\r\n".utf8)

    /// The bytes as one chunk.
    package static func around(_ bytes: [UInt8]) -> [UInt8] {
        var chunk = Array(String(bytes.count, radix: 16).utf8)
        chunk.reserveCapacity(chunk.count + bytes.count + 4)
        chunk += "\r\n".utf8
        chunk += bytes
        chunk += "\r\n".utf8
        return chunk
    }

    static func around(_ bytes: [UInt8], if isChunked: Bool) -> [UInt8] { isChunked ? around(bytes) : bytes }

    /// The bytes after the data of a chunk.
    static let end = SharedBytes(Array("\r\n".utf8))
    /// The most bytes before the data of a chunk: 16 digits and CRLF.
    static let headBytes = 18

    /// Writes the size line of a chunk with `count` bytes of data to `memory`, and returns the line's length.
    static func writeHead(of count: Int, to memory: UnsafeMutableRawBufferPointer) -> Int {
        var digits = 1
        while digits < 16, count >> (4 * digits) > 0 { digits += 1 }
        for place in 0..<digits {
            memory[place] = Hex.digit(UInt8(truncatingIfNeeded: count >> (4 * (digits - 1 - place))) & 15)
        }
        memory[digits] = 0x0D
        memory[digits + 1] = 0x0A
        return digits + 2
    }
}
