/// Writes JSON without blanks, on one line, members in the order of the calls.
public struct JSONWriter {
    /// The bytes written so far, UTF-8.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// A writer with memory for `capacityBytes` before it must grow.
    public init(capacityBytes: Int = 512) {
        bytes.reserveCapacity(capacityBytes)
    }

    /// The bytes that `write` writes.
    public static func bytes(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        write(&writer)
        return writer.bytes
    }

    /// The text that `write` writes.
    public static func text(_ write: (inout JSONWriter) -> Void) -> String {
        String(decoding: bytes(write), as: UTF8.self)
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Writes text unchanged, without a comma before it.
    package mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// An object whose members `write` writes.
    public mutating func object(_ write: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        write(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// An array whose elements `write` writes.
    public mutating func array(_ write: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        write(&self)
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// A member's name; its value must follow.
    public mutating func name(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A member's name; its value must follow.
    public mutating func name(_ name: WireText) { self.name(name.string) }

    /// A string.
    public mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    /// A string.
    public mutating func string(_ value: WireText) { string(value.string) }

    /// An integer.
    public mutating func integer(_ value: Int64) {
        separate()
        appendDigits(value)
    }

    /// A time as ISO 8601 text, UTC with milliseconds.
    public mutating func time(_ value: WallTime) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        ISOTime.append(value, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A value that is already encoded, on one line.
    public mutating func encoded(_ json: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Any value.
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null:
            separate()
            raw("null")
        case .bool(let bool):
            separate()
            if bool { raw("true") } else { raw("false") }
        case .integer(let integer): self.integer(integer)
        case .decimal(let text):
            separate()
            bytes.append(contentsOf: text.utf8)
        case .string(let string): self.string(string)
        case .array(let elements): array { writer in for element in elements { writer.value(element) } }
        case .object(let object):
            self.object { writer in for member in object.members { writer.member(member.name, member.value) } }
        }
    }

    /// A value in quotes whose text `write` writes with ``raw(_:)`` and ``appendDigits(_:)``. It must need no escaping.
    package mutating func plainText(_ write: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        write(&self)
        bytes.append(UInt8(ascii: "\""))
    }

    /// An integer, without a comma before it.
    package mutating func appendDigits(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        appendDigits(value.magnitude)
    }

    private mutating func appendDigits(_ value: UInt64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            // From the end, since the last digit is known first.
            var start = digits.count
            var rest = value
            repeat {
                start -= 1
                digits.initializeElement(at: start, to: UInt8(ascii: "0") + UInt8(rest % 10))
                rest /= 10
            } while rest > 0
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        text.withBytes { utf8 in
            var index = 0
            while index < utf8.count {
                bytes.append(addingCapacity: utf8.count - index) { output in
                    while index < utf8.count, utf8[index] >= 0x20, utf8[index] != 0x22, utf8[index] != 0x5C {
                        // Only these bytes can begin a line separator.
                        if utf8[index] == 0xE2 || utf8[index] == 0xC2, LineSeparator(utf8, at: index) != nil { break }
                        output.append(utf8[index])
                        index += 1
                    }
                }
                if index < utf8.count, let separator = LineSeparator(utf8, at: index) {
                    raw(separator.escaped)
                    index += separator.bytes
                } else if index < utf8.count {
                    escape(utf8[index])
                    index += 1
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x22: raw("\\\"")
        case 0x5C: raw("\\\\")
        case 0x0A: raw("\\n")
        case 0x0D: raw("\\r")
        case 0x09: raw("\\t")
        default:
            raw("\\u00")
            bytes.append(Hex.digit(byte >> 4))
            bytes.append(Hex.digit(byte & 15))
        }
    }
}

/// A character at which some line readers end a line, although it does not end one in SSE or NDJSON. JSON can escape
/// it.
private enum LineSeparator {
    /// U+0085
    case nextLine
    /// U+2028
    case line
    /// U+2029
    case paragraph

    init?(_ utf8: UnsafeBufferPointer<UInt8>, at index: Int) {
        let left = utf8.count - index
        if utf8[index] == 0xC2, left >= 2, utf8[index + 1] == 0x85 {
            self = .nextLine
        } else if utf8[index] == 0xE2, left >= 3, utf8[index + 1] == 0x80, utf8[index + 2] & 0xFE == 0xA8 {
            self = utf8[index + 2] == 0xA8 ? .line : .paragraph
        } else {
            return nil
        }
    }

    var bytes: Int { self == .nextLine ? 2 : 3 }

    var escaped: StaticString {
        switch self {
        case .nextLine: "\\u0085"
        case .line: "\\u2028"
        case .paragraph: "\\u2029"
        }
    }
}

// Members: an absent value leaves the member out.
extension JSONWriter {
    /// A member that is a string.
    public mutating func member(_ name: String, _ value: String?) {
        guard let value else { return }
        self.name(name)
        string(value)
    }

    /// A member that is text from outside.
    public mutating func member(_ name: String, _ value: WireText?) { member(name, value?.string) }

    /// A member that is an integer.
    public mutating func member(_ name: String, _ value: Int64?) {
        guard let value else { return }
        self.name(name)
        integer(value)
    }

    /// A member that is a number. It is left out if it is not finite, which JSON cannot express.
    public mutating func member(_ name: String, _ value: Double?) {
        guard let value, value.isFinite else { return }
        self.name(name)
        self.value(.number(value))
    }

    /// A member that is a truth value.
    public mutating func member(_ name: String, _ value: Bool?) {
        guard let value else { return }
        self.name(name)
        self.value(.bool(value))
    }

    /// A member of any kind.
    public mutating func member(_ name: String, _ value: JSONValue?) {
        guard let value else { return }
        self.name(name)
        self.value(value)
    }

    /// A member whose name is from outside.
    public mutating func member(_ name: WireText, _ value: JSONValue) {
        self.name(name)
        self.value(value)
    }

    /// A member that is a time: ISO 8601, UTC, with milliseconds.
    public mutating func member(_ name: String, time: WallTime?) {
        guard let time else { return }
        self.name(name)
        self.time(time)
    }

    /// A member that is an object, whose members `write` writes.
    public mutating func member(_ name: String, object write: (inout JSONWriter) -> Void) {
        self.name(name)
        object(write)
    }
}
