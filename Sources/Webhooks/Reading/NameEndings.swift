internal import Events
internal import Wire

/// Endings of names to look for, in lower or upper case, ignoring all characters but letters and digits, and with or
/// without digits after them. `token` is an ending of `recovery_token`, `apiToken` and `TOKEN-2`. Endings of one or two
/// letters match only whole names: `id` is the end of too many names.
///
/// The last two letters decide for nearly every name. Each byte of a name is examined a bounded number of times.
struct NameEndings: Sendable {
    /// The reversed endings, indexed by ``place(_:_:)``.
    private var endings = [[[UInt8]]](repeating: [], count: 32 * 32)
    /// Whether there are any at an index.
    private var isTaken = [Bool](repeating: false, count: 32 * 32)
    /// Endings shorter than this match only whole names.
    private static let leastEnding = 3

    /// These endings, in any spelling.
    init(_ names: [String]) {
        for name in names {
            let ending = Array(Self.letters(of: name).reversed())
            guard let last = ending.first else { continue }
            let place = Self.place(last, ending.dropFirst().first ?? 0)
            endings[place].append(ending)
            isTaken[place] = true
        }
    }

    /// False for a name without letters and digits.
    static func canMatch(_ name: String) -> Bool { !letters(of: name).isEmpty }

    private static func letters(of name: String) -> [UInt8] { name.utf8.filter { !isSeparator($0) }.map(lower) }

    private static func place(_ last: UInt8, _ beforeLast: UInt8) -> Int { Int(last & 31) << 5 | Int(beforeLast & 31) }

    /// True for a name that ends with one of the endings.
    func matches(_ name: WireText) -> Bool {
        name.withBytes { bytes in
            var end = Self.end(of: bytes, bytes.count)
            if isEnding(bytes, end) { return true }
            guard end > 0, Self.isDigit(bytes[end - 1]) else { return false }
            while end > 0, Self.isDigit(bytes[end - 1]) { end = Self.end(of: bytes, end - 1) }
            return isEnding(bytes, end)
        }
    }

    /// The end of the bytes before `end` without separators at their end.
    private static func end(of bytes: UnsafeBufferPointer<UInt8>, _ end: Int) -> Int {
        var end = end
        while end > 0, isSeparator(bytes[end - 1]) { end -= 1 }
        return end
    }

    private func isEnding(_ bytes: UnsafeBufferPointer<UInt8>, _ end: Int) -> Bool {
        guard end > 0 else { return false }
        let before = Self.end(of: bytes, end - 1)
        let place = Self.place(bytes[end - 1], before > 0 ? bytes[before - 1] : 0)
        return isTaken[place] && endings[place].contains { Self.ends(bytes, end, with: $0) }
    }

    private static func ends(_ bytes: UnsafeBufferPointer<UInt8>, _ end: Int, with ending: [UInt8]) -> Bool {
        var matched = 0
        var place = end
        while place > 0 {
            place -= 1
            if isSeparator(bytes[place]) { continue }
            // A short ending must be the whole name.
            guard matched < ending.count, lower(bytes[place]) == ending[matched] else { return false }
            matched += 1
            if matched == ending.count && matched >= leastEnding { return true }
        }
        return matched == ending.count
    }

    /// ASCII that is neither a letter nor a digit. Bytes beyond ASCII count as letters.
    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte < 0x80 && !isDigit(byte) && !((byte | 0x20) &- UInt8(ascii: "a") < 26)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
