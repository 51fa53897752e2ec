/// Reads a request's head byte by byte beside evhttp, for what evhttp's parser hides: it joins folded lines, cuts
/// values at a NUL, and keeps a blank before the colon as part of the name. A proxy in front may have read such a
/// head otherwise, and then the two disagree on where a request ends: that is how requests are smuggled.
struct HeaderScanner {
    /// What must not stand in a head.
    enum Violation: String, Sendable {
        case foldedLine = "a header line begins with a blank"
        case blankBeforeColon = "a blank stands before a header's colon"
        case nul = "a NUL byte stands in the head"
        case lineWithoutColon = "a header line has no colon"
        case bareReturn = "a carriage return stands without its newline"
        case invalidName = "a header's name is no token"
    }

    private enum Place {
        case requestLine
        case lineStart
        case name
        case value
        case body
    }

    private var place = Place.requestLine
    private var lastWasBlank = false
    private var lastWasReturn = false
    private var nameIsEmpty = true
    private var lineIsEmpty = true
    private var lastOfRequestLine: UInt8 = 0
    /// The first thing that was wrong with this head.
    private(set) var violation: Violation?

    /// True when the request line ends in `HTTP/1.0`: evhttp knows of no version but 1.0 and 1.1.
    var isHTTP10: Bool { lastOfRequestLine == UInt8(ascii: "0") }

    /// True after the head's end.
    var isInBody: Bool { place == .body }

    /// Reads the next bytes of the connection. After the head's end they are the body, and not looked at.
    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index < bytes.count, place != .body {
            // Most of a head are values, of which nothing counts but where they end.
            if place == .value, !lastWasReturn {
                while index < bytes.count, bytes[index] > UInt8(ascii: "\r") { index += 1 }
                if index == bytes.count { return }
            }
            read(bytes[index])
            index += 1
        }
    }

    private mutating func read(_ byte: UInt8) {
        if byte == 0 { note(.nul) }
        // Some readers end a line at a lone carriage return, others take it for a part of the value.
        if lastWasReturn && byte != UInt8(ascii: "\n") { note(.bareReturn) }
        lastWasReturn = byte == UInt8(ascii: "\r")
        switch place {
        case .requestLine:
            // Empty lines before a request are allowed, and evhttp skips them.
            if byte == UInt8(ascii: "\n") { place = lineIsEmpty ? .requestLine : .lineStart }
            if byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r") {
                lineIsEmpty = false
                lastOfRequestLine = byte
            }
        case .lineStart:
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
                readName(byte)
            }
        case .name: readName(byte)
        case .value:
            if byte == UInt8(ascii: "\n") { place = .lineStart }
        case .body: break
        }
    }

    private mutating func readName(_ byte: UInt8) {
        let isBlank = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
        switch byte {
        case UInt8(ascii: ":"):
            if lastWasBlank { note(.blankBeforeColon) }
            if nameIsEmpty { note(.invalidName) }
            place = .value
        case UInt8(ascii: "\n"):
            note(.lineWithoutColon)
            place = .lineStart
        case UInt8(ascii: "\r"): break
        default: if !isBlank && !Self.isToken(byte) { note(.invalidName) }
        }
        lastWasBlank = isBlank
        nameIsEmpty = false
    }

    /// Letters, digits and the marks that RFC 9110, section 5.6.2 allows in names.
    private static func isToken(_ byte: UInt8) -> Bool {
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
