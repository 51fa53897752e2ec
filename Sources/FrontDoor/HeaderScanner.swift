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
    private var lineIsEmpty = true
    /// The first thing that was wrong with this head.
    private(set) var violation: Violation?

    /// Reads the next bytes of the connection. After the head's end they are the body, and not looked at.
    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            if place == .body { return }
            read(byte)
        }
    }

    private mutating func read(_ byte: UInt8) {
        if byte == 0 { note(.nul) }
        switch place {
        case .requestLine:
            // Empty lines before a request are allowed, and evhttp skips them.
            if byte == UInt8(ascii: "\n") { place = lineIsEmpty ? .requestLine : .lineStart }
            if byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r") { lineIsEmpty = false }
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
            }
        case .name:
            switch byte {
            case UInt8(ascii: ":"):
                if lastWasBlank { note(.blankBeforeColon) }
                place = .value
            case UInt8(ascii: "\n"):
                note(.lineWithoutColon)
                place = .lineStart
            default: lastWasBlank = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
            }
        case .value:
            if byte == UInt8(ascii: "\n") { place = .lineStart }
        case .body: break
        }
    }

    private mutating func note(_ violation: Violation) {
        if self.violation == nil { self.violation = violation }
    }
}
