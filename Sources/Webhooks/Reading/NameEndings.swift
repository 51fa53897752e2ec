internal import Events

/// How names end that are looked for among many: in lower or upper case, with whatever is neither a letter nor a
/// digit left out, and digits behind it as well. `token` is the end of `recovery_token`, `apiToken` and `TOKEN-2`.
/// Endings of one or two letters count only as whole names: `id` would be the end of a great many.
///
/// The last two letters tell for nearly every name. Each byte of a name is looked at a bounded number of times.
struct NameEndings: Sendable {
    private typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

    /// The endings from behind, by what ``place(_:_:)`` says.
    private var endings = [[[UInt8]]](repeating: [], count: 32 * 32)
    /// Endings shorter than this are whole names.
    private static let leastEnding = 3

    /// These endings, in any spelling.
    init(_ names: [String]) {
        for name in names {
            let ending = Array(Self.letters(of: name).reversed())
            guard let last = ending.first else { continue }
            endings[Self.place(last, ending.dropFirst().first ?? 0)].append(ending)
        }
    }

    /// False for a name without anything that is looked at.
    static func canMatch(_ name: String) -> Bool { !letters(of: name).isEmpty }

    private static func letters(of name: String) -> [UInt8] { name.utf8.filter { !isSeparator($0) }.map(lower) }

    private static func place(_ last: UInt8, _ beforeLast: UInt8) -> Int { Int(last & 31) << 5 | Int(beforeLast & 31) }

    /// True for a name that ends with one of the endings.
    func matches(_ name: String) -> Bool {
        name.withBytes { bytes in
            if end(bytes[...]) { return true }
            guard let last = bytes.last(where: { !Self.isSeparator($0) }), Self.isDigit(last) else { return false }
            var rest = bytes[...]
            while let last = rest.last, Self.isSeparator(last) || Self.isDigit(last) { rest.removeLast() }
            return end(rest)
        }
    }

    private func end(_ bytes: Bytes) -> Bool {
        guard let last = bytes.lastIndex(where: { !Self.isSeparator($0) }) else { return false }
        let before = bytes[..<last].last { !Self.isSeparator($0) } ?? 0
        let candidates = endings[Self.place(Self.lower(bytes[last]), Self.lower(before))]
        return !candidates.isEmpty && candidates.contains { Self.ends(bytes, with: $0) }
    }

    private static func ends(_ bytes: Bytes, with ending: [UInt8]) -> Bool {
        var matched = 0
        for byte in bytes.reversed() where !isSeparator(byte) {
            // A whole name goes no further.
            guard matched < ending.count, lower(byte) == ending[matched] else { return false }
            matched += 1
            if matched == ending.count && matched >= leastEnding { return true }
        }
        return matched == ending.count
    }

    /// ASCII that is neither a letter nor a digit. What lies beyond ASCII is a letter.
    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte < 0x80 && !isDigit(byte) && !((byte | 0x20) &- UInt8(ascii: "a") < 26)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
