/// Checks a request's head byte by byte before evhttp parses it, for what evhttp's parser hides: it joins folded lines,
/// cuts values at a NUL, treats a blank before the colon as part of the name, and reads no body for some methods
/// whatever the head says. A proxy in front may parse such a head differently, and then the two disagree on where a
/// request ends: that is request smuggling.
struct HeaderScanner {
    /// An error in a head.
    enum Violation: String, Sendable {
        case requestLine = "the request line is not a method, a target and HTTP/1.0 or 1.1 with a blank between each"
        case foldedLine = "a header line begins with a blank"
        case blankBeforeColon = "a blank stands before a header's colon"
        case nul = "a NUL byte stands in the head"
        case lineWithoutColon = "a header line has no colon"
        case bareReturn = "a carriage return stands without its newline"
        case tooManyLines = "the head has too many lines"
        case invalidName = "a header's name is no token"
    }

    /// The most header lines: each costs evhttp far more memory than its few bytes.
    static let mostLines = 256

    private enum Place {
        case method
        case target
        case version
        case lineStart
        case name
        case value
        case framingValue
        case body
    }

    private var place = Place.method
    private var lastWasBlank = false
    private var lastWasReturn = false
    private var nameIsEmpty = true
    private var version = PackedWord()
    private var name = PackedWord()
    /// The values read from the head so far.
    private(set) var head = RequestHead()
    /// The first error in this head.
    private(set) var violation: Violation?

    /// True when the request line ends in `HTTP/1.0`.
    var isHTTP10: Bool { head.isHTTP10 }

    /// True after the head's end.
    var isInBody: Bool { place == .body }

    /// Prepares for the next request on the same connection, and reuses the memory.
    mutating func reset() {
        var kept = HeaderScanner()
        swap(&kept.head, &head)
        kept.head.reset()
        self = kept
    }

    /// Checks the next bytes of the connection. Bytes after the end of the head are the body and are not examined.
    mutating func read(_ bytes: UnsafeRawBufferPointer) { _ = readHead(bytes) }

    /// Checks the next bytes of the connection.
    /// - Returns: how many of the bytes belong to the head.
    mutating func readHead(_ bytes: UnsafeRawBufferPointer) -> Int {
        var index = 0
        while index < bytes.count, place != .body {
            // Most bytes of a head are values, of which only the end matters.
            if place == .value, !lastWasReturn {
                while index < bytes.count, bytes[index] > UInt8(ascii: "\r") { index += 1 }
                if index == bytes.count { break }
            }
            read(bytes[index])
            index += 1
        }
        return index
    }

    private mutating func read(_ byte: UInt8) {
        if byte == 0 { note(.nul) }
        // Some parsers end a line at a lone carriage return, others treat it as part of the value.
        if lastWasReturn && byte != UInt8(ascii: "\n") { note(.bareReturn) }
        lastWasReturn = byte == UInt8(ascii: "\r")
        switch place {
        case .method, .target, .version: readRequestLine(byte)
        case .lineStart: beginLine(byte)
        case .name: readName(byte)
        case .value:
            if byte == UInt8(ascii: "\n") { place = .lineStart }
        case .framingValue:
            if byte == UInt8(ascii: "\n") {
                head.takeFraming(name)
                place = .lineStart
            } else if !lastWasReturn {
                head.addToValue(byte)
            }
        case .body: break
        }
    }

    private mutating func readRequestLine(_ byte: UInt8) {
        switch (byte, place) {
        case (UInt8(ascii: "\r"), _): break
        case (UInt8(ascii: "\n"), .method) where head.method.isEmpty:
            // Empty lines before a request are allowed.
            break
        case (UInt8(ascii: "\n"), .version):
            if version == .http10 { head.isHTTP10 = true } else if version != .http11 { note(.requestLine) }
            place = .lineStart
        case (UInt8(ascii: "\n"), _):
            note(.requestLine)
            place = .lineStart
        case (UInt8(ascii: " "), .method) where !head.method.isEmpty: place = .target
        case (UInt8(ascii: " "), .target) where !head.target.isEmpty: place = .version
        case (_, .method):
            if !Self.isToken(byte) { note(.requestLine) }
            head.method.add(byte)
        case (_, .target):
            if byte <= 0x20 || byte == 0x7F { note(.requestLine) }
            head.addToTarget(byte)
        default: version.add(byte)
        }
    }

    private mutating func beginLine(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\r"): break
        case UInt8(ascii: "\n"): place = .body
        case UInt8(ascii: " "), UInt8(ascii: "\t"):
            note(.foldedLine)
            place = .value
        default:
            place = .name
            lastWasBlank = false
            nameIsEmpty = true
            name = PackedWord()
            head.lines += 1
            if head.lines > Self.mostLines { note(.tooManyLines) }
            readName(byte)
        }
    }

    private mutating func readName(_ byte: UInt8) {
        let isBlank = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
        switch byte {
        case UInt8(ascii: ":"):
            if lastWasBlank { note(.blankBeforeColon) }
            if nameIsEmpty { note(.invalidName) }
            place = head.beginsFraming(name) ? .framingValue : .value
        case UInt8(ascii: "\n"):
            note(.lineWithoutColon)
            place = .lineStart
        case UInt8(ascii: "\r"): break
        default:
            if !isBlank && !Self.isToken(byte) { note(.invalidName) }
            name.add(Self.lowercased(byte))
        }
        lastWasBlank = isBlank
        nameIsEmpty = false
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// Letters, digits and the marks that RFC 9110, section 5.6.2 allows in names.
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private mutating func note(_ violation: Violation) {
        if self.violation == nil { self.violation = violation }
    }
}
