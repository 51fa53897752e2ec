internal import Wire

/// Checks the framing of a chunked body (RFC 9112, section 7.1) before evhttp parses it. evhttp accepts `0x0`, `+0`, a
/// lone newline and a missing one after the data, and reads a size line from its beginning again whenever a byte
/// arrives.
struct ChunkScanner {
    /// An error in a chunked body.
    enum Violation: String, Sendable {
        case size = "a chunk's size is no plain hexadecimal number"
        case sizeLine = "a chunk's size line is too long"
        case framing = "the extensions and trailers of a chunked body are too long"
        case bareNewline = "a line of a chunked body does not end in CR LF"
        case dataEnd = "a chunk's data is longer than its size"
        case control = "a control character stands in a line of a chunked body"
        case trailer = "a trailer is no header line"
        case tooLarge = "the body is too large"
    }

    /// The longest size line, extensions included.
    static let lineBytes = 256
    /// All extensions and trailers of one body.
    static let framingBytes = 16 * 1024
    /// More digits are a number above every limit.
    private static let sizeDigits = 15

    private enum Place {
        case size
        case blanks
        case fill
        case sizeNewline
        case data
        case dataReturn
        case dataNewline
        case trailerStart
        case trailerName
        case trailerValue
        case trailerNewline
        case endNewline
        case end
    }

    private var place = Place.size
    private var digits = 0
    private var size = 0
    private var line = 0
    private var framing = 0
    /// Bytes of data of this chunk that have not arrived yet.
    private(set) var dataLeft = 0
    /// Bytes of data in all chunks whose size is known.
    private(set) var bodyBytes = 0
    /// The most bytes of data that all chunks together may have.
    let limit: Int

    /// Checks a body of at most `limit` bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// True after the empty line at the end of the body. Bytes after it belong to the next request.
    var isAtEnd: Bool { place == .end }

    /// Skips data, no more than ``dataLeft``, without looking at it.
    mutating func skip(_ count: Int) {
        dataLeft -= count
        if dataLeft == 0 && place == .data { place = .dataReturn }
    }

    /// Checks the next bytes, up to the end of the body. The bytes of extensions are replaced by blanks in place,
    /// because evhttp does not know extensions but accepts anything after a blank.
    /// - Returns: how many bytes belong to the body, or the error found in it.
    mutating func read(_ bytes: UnsafeMutableRawBufferPointer) -> Result<Int, Fault> {
        var index = 0
        while index < bytes.count, place != .end {
            if place == .data {
                let count = min(dataLeft, bytes.count - index)
                skip(count)
                index += count
                continue
            }
            let wasSize = place == .size
            if let violation = read(bytes[index]) { return .failure(Fault(violation: violation)) }
            if wasSize && (place == .fill || place == .blanks) { bytes[index] = UInt8(ascii: " ") }
            index += 1
        }
        return .success(index)
    }

    /// A violation, as an error of `Result`.
    struct Fault: Error {
        let violation: Violation
    }

    private mutating func read(_ byte: UInt8) -> Violation? {
        switch place {
        case .size, .blanks, .fill: return readSizeLine(byte)
        case .sizeNewline:
            guard byte == UInt8(ascii: "\n") else { return .bareNewline }
            return beginData()
        case .dataReturn: return expect(byte, UInt8(ascii: "\r"), else: .dataEnd, then: .dataNewline)
        case .dataNewline:
            digits = 0
            size = 0
            line = 0
            return expect(byte, UInt8(ascii: "\n"), else: .bareNewline, then: .size)
        case .trailerStart, .trailerName, .trailerValue, .trailerNewline: return readTrailer(byte)
        case .endNewline: return expect(byte, UInt8(ascii: "\n"), else: .bareNewline, then: .end)
        case .data, .end: return nil
        }
    }

    private mutating func expect(
        _ byte: UInt8, _ wanted: UInt8, else violation: Violation, then next: Place
    ) -> Violation? {
        guard byte == wanted else { return violation }
        place = next
        return nil
    }

    private mutating func readSizeLine(_ byte: UInt8) -> Violation? {
        line += 1
        if line > Self.lineBytes { return .sizeLine }
        if byte == UInt8(ascii: "\n") { return .bareNewline }
        switch (place, byte) {
        case (.size, _) where Hex.value(byte) != nil:
            digits += 1
            guard digits <= Self.sizeDigits else { return .tooLarge }
            size = size << 4 | Int(Hex.value(byte) ?? 0)
            return nil
        case (.size, _) where digits == 0: return .size
        case (.blanks, UInt8(ascii: "\r")): return .size
        case (_, UInt8(ascii: "\r")):
            place = .sizeNewline
            return nil
        case (.size, UInt8(ascii: ";")), (.blanks, UInt8(ascii: ";")): place = .fill
        case (.size, UInt8(ascii: " ")), (.size, UInt8(ascii: "\t")): place = .blanks
        case (.blanks, UInt8(ascii: " ")), (.blanks, UInt8(ascii: "\t")): break
        case (.fill, _): if Self.isControl(byte) { return .control }
        default: return .size
        }
        return countFraming()
    }

    private mutating func beginData() -> Violation? {
        guard size > 0 else {
            place = .trailerStart
            return nil
        }
        guard size <= limit - bodyBytes else { return .tooLarge }
        bodyBytes += size
        dataLeft = size
        place = .data
        return nil
    }

    private mutating func readTrailer(_ byte: UInt8) -> Violation? {
        if let violation = countFraming() { return violation }
        switch (place, byte) {
        case (.trailerStart, UInt8(ascii: "\r")): place = .endNewline
        case (.trailerStart, _):
            guard HeaderScanner.isToken(byte) else { return byte == UInt8(ascii: "\n") ? .bareNewline : .trailer }
            place = .trailerName
        case (.trailerName, UInt8(ascii: ":")): place = .trailerValue
        case (.trailerName, _): if !HeaderScanner.isToken(byte) { return .trailer }
        case (.trailerValue, UInt8(ascii: "\r")): place = .trailerNewline
        case (.trailerValue, UInt8(ascii: "\n")): return .bareNewline
        case (.trailerValue, _): if Self.isControl(byte) { return .control }
        default: return expect(byte, UInt8(ascii: "\n"), else: .bareNewline, then: .trailerStart)
        }
        return nil
    }

    private mutating func countFraming() -> Violation? {
        framing += 1
        return framing > Self.framingBytes ? .framing : nil
    }

    private static func isControl(_ byte: UInt8) -> Bool {
        (byte < 0x20 && byte != UInt8(ascii: "\t")) || byte == 0x7F
    }
}
