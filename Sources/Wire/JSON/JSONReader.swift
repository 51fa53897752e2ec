/// Parses one JSON text strictly (RFC 8259): UTF-8 without a byte order mark, nothing after the value, no lone
/// surrogates unless ``LoneSurrogates`` allows them, nesting up to ``Limits/jsonNestingLevels``.
public struct JSONReader {
    /// How to treat half of a surrogate pair, such as `\ud83c` without the second half. JavaScript writes one where a
    /// text was cut in the middle of an emoji. JSON's grammar allows it, but UTF-8 cannot encode it.
    public enum LoneSurrogates: Sendable {
        /// The text is refused. Use it for names, since two names must not become one.
        case refused
        /// Replaced by U+FFFD, the replacement character.
        case replaced
        /// Replaced by a private character: U+10F800 for U+D800, and so on, so that the caller can distinguish them.
        case marked
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var loneSurrogates = LoneSurrogates.refused
    private var hasLoneSurrogates = false
    private var position = 0
    private var depth = 0

    /// Parses `bytes`, which must contain one value and nothing else but blanks.
    public static func value(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        try value(bytes, loneSurrogates: .refused).value
    }

    /// Parses `bytes`, and reports whether they contain lone surrogates.
    public static func value(
        _ bytes: [UInt8], loneSurrogates: LoneSurrogates
    ) throws(JSONError) -> (value: JSONValue, hasLoneSurrogates: Bool) {
        // A typed error cannot be thrown through the closure, so the closure returns a Result.
        typealias Outcome = Result<(value: JSONValue, hasLoneSurrogates: Bool), JSONError>
        func outcome(_ buffer: UnsafeBufferPointer<UInt8>) -> Outcome {
            do { return .success(try parse(buffer, loneSurrogates)) } catch { return .failure(error) }
        }
        return try bytes.withUnsafeBufferPointer(outcome).get()
    }

    /// Parses `bytes` of any kind.
    public static func value(_ bytes: some Sequence<UInt8>) throws(JSONError) -> JSONValue {
        try value(Array(bytes))
    }

    /// Parses the text of `string`.
    public static func value(_ string: String) throws(JSONError) -> JSONValue {
        try value(Array(string.utf8))
    }

    /// Parses text from outside.
    public static func value(_ text: WireText) throws(JSONError) -> JSONValue {
        try value(Array(text.utf8))
    }

    private static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, _ loneSurrogates: LoneSurrogates
    ) throws(JSONError) -> (value: JSONValue, hasLoneSurrogates: Bool) {
        var reader = JSONReader(bytes: bytes, loneSurrogates: loneSurrogates)
        let value = try reader.value()
        reader.skipBlanks()
        guard reader.position == bytes.count else { throw reader.error("something follows the value") }
        return (value, reader.hasLoneSurrogates)
    }

    private func error(_ problem: String) -> JSONError { JSONError(problem: problem, offsetBytes: position) }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        skipBlanks()
        guard let byte = current else { throw error("the text ends where a value should stand") }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<text.utf8CodeUnitCount {
            guard current == text.utf8Start[index] else { throw error("not a JSON value") }
            position += 1
        }
        return value
    }

    private mutating func descend() throws(JSONError) {
        position += 1
        depth += 1
        guard depth <= Limits.jsonNestingLevels else {
            throw error("nested deeper than \(Limits.jsonNestingLevels) levels")
        }
    }

    /// True where reserving memory for the usual number of members pays. Deeper down there may be very many objects,
    /// each nearly empty.
    private var isNearTop: Bool { depth <= 3 }

    private mutating func object() throws(JSONError) -> JSONObject {
        try descend()
        var object = JSONObject()
        // A linear search is fastest for the few members of a usual object. The index keeps a hostile object with many
        // thousands from taking quadratic time.
        var places: [WireText: Int] = [:]
        skipBlanks()
        if current == UInt8(ascii: "}") {
            position += 1
            depth -= 1
            return object
        }
        if isNearTop { object.reserveCapacity(Self.usualCount) }
        while true {
            skipBlanks()
            guard current == UInt8(ascii: "\"") else { throw error("a member's name should stand here") }
            let name = try string()
            skipBlanks()
            guard current == UInt8(ascii: ":") else { throw error("a colon should stand here") }
            position += 1
            let value = try value()
            let count = object.members.count
            if count < 16 {
                object.set(name, value)
            } else {
                if places.isEmpty { for place in 0..<count { places[object.members[place].name] = place } }
                if let place = places[name] {
                    object.replace(at: place, with: value)
                } else {
                    places[name] = count
                    object.append(name, value)
                }
            }
            skipBlanks()
            if current == UInt8(ascii: ",") {
                position += 1
                continue
            }
            guard current == UInt8(ascii: "}") else { throw error("a comma or } should stand here") }
            position += 1
            depth -= 1
            return object
        }
    }

    private mutating func array() throws(JSONError) -> [JSONValue] {
        try descend()
        var elements: [JSONValue] = []
        skipBlanks()
        if current == UInt8(ascii: "]") {
            position += 1
            depth -= 1
            return elements
        }
        if isNearTop { elements.reserveCapacity(Self.usualCount) }
        while true {
            elements.append(try value())
            skipBlanks()
            if current == UInt8(ascii: ",") {
                position += 1
                continue
            }
            guard current == UInt8(ascii: "]") else { throw error("a comma or ] should stand here") }
            position += 1
            depth -= 1
            return elements
        }
    }

    /// Memory for this many members or elements is reserved at once, which saves the first reallocations.
    private static let usualCount = 8

    private mutating func digits() -> Int {
        let start = position
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        return position - start
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        let leadingZero = current == UInt8(ascii: "0")
        let integerDigits = digits()
        guard integerDigits > 0, !(leadingZero && integerDigits > 1) else { throw error("not a JSON value") }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard digits() > 0 else { throw error("a fraction needs digits") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard digits() > 0 else { throw error("an exponent needs digits") }
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        return .decimal(text)
    }

    /// The text of these bytes; nil if they are not UTF-8. ASCII, the usual case, needs no check, and the check takes
    /// several times as long as creating the text.
    private static func text(_ bytes: UnsafeBufferPointer<UInt8>, isASCII: Bool) -> WireText? {
        isASCII ? WireText(decoding: bytes) : WireText(validating: bytes)
    }

    private mutating func string() throws(JSONError) -> WireText {
        position += 1
        let start = position
        var union: UInt8 = 0
        while let byte = current {
            if byte == UInt8(ascii: "\"") {
                let plain = UnsafeBufferPointer(rebasing: bytes[start..<position])
                guard let text = Self.text(plain, isASCII: union < 0x80) else { throw error("not valid UTF-8") }
                position += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw error("a control character inside a string") }
            union |= byte
            position += 1
        }
        throw error("a string has no end")
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> WireText {
        var text: [UInt8] = []
        var plainFrom = start
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                text.append(contentsOf: bytes[plainFrom..<position])
                position += 1
                let isASCII = text.allSatisfy { $0 < 0x80 }
                let string = text.withUnsafeBufferPointer { Self.text($0, isASCII: isASCII) }
                guard let string else { throw error("not valid UTF-8") }
                return string
            case UInt8(ascii: "\\"):
                text.append(contentsOf: bytes[plainFrom..<position])
                position += 1
                try escape(into: &text)
                plainFrom = position
            case 0..<0x20:
                position += 1
                throw error("a control character inside a string")
            default: position += 1
            }
        }
        throw error("a string has no end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard let byte = current else { throw error("a string has no end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: try scalar().utf8)
        default: throw error("an unknown escape")
        }
    }

    private mutating func scalar() throws(JSONError) -> Unicode.Scalar {
        let first = try codeUnit()
        guard (0xD800..<0xDC00).contains(first) else {
            if let scalar = Unicode.Scalar(first) { return scalar }
            return try lone(first)
        }
        guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return try lone(first) }
        let next = position
        position += 2
        let second = try codeUnit()
        guard (0xDC00..<0xE000).contains(second) else {
            // The second escape is a character of its own.
            position = next
            return try lone(first)
        }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func lone(_ unit: UInt32) throws(JSONError) -> Unicode.Scalar {
        hasLoneSurrogates = true
        switch loneSurrogates {
        case .refused: throw error("half a surrogate pair")
        case .replaced: return "\u{FFFD}"
        case .marked: return Unicode.Scalar(0x10F800 + unit - 0xD800) ?? "\u{FFFD}"
        }
    }

    private mutating func codeUnit() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Hex.value(byte) else {
                throw error("four hex digits should follow \\u")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}

/// Why a text is not JSON, and where. It contains nothing of the text, so it may be shown to the sender.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The problem, as a clause.
    public let problem: String
    /// Its position, in bytes from the start.
    public let offsetBytes: Int

    /// One line for a message.
    public var description: String { "not JSON: \(problem), at byte \(offsetBytes)" }
}
