/// The `://` of an address, in the forms that percent, JSON and HTML escapes give it, also mixed and in one another:
/// `:%2F%2F`, `%253a//`, `:\\/\\/`, `:\u002f\u002f`, `:&#x2F;&#x2F;`.
enum AddressSeparator {
    typealias Bytes = UnsafeBufferPointer<UInt8>

    /// The length of `://` itself. Every other form is longer.
    static let plainBytes = 3
    /// The most levels of nested escapes. More levels only cost a look at each byte and are not treated as an address.
    private static let mostEscapes = 8

    /// The length of the separator that begins at `place`; nil if there is none.
    static func length(in bytes: Bytes, at place: Int) -> Int? {
        let colon = bytes[place] == UInt8(ascii: ":") ? place + 1 : percentEnd(of: (0x33, 0x61), in: bytes, at: place)
        guard let first = colon, let second = slashEnd(in: bytes, at: first) else { return nil }
        return slashEnd(in: bytes, at: second).map { $0 - place }
    }

    /// The end of the slash that begins at `place`, in any of its forms.
    private static func slashEnd(in bytes: Bytes, at place: Int) -> Int? {
        guard place < bytes.count else { return nil }
        switch bytes[place] {
        case UInt8(ascii: "/"): return place + 1
        case UInt8(ascii: "%"): return percentEnd(of: (0x32, 0x66), in: bytes, at: place)
        case UInt8(ascii: "&"):
            return end(of: "&#47;", in: bytes, at: place) ?? end(of: "&#x2f;", in: bytes, at: place)
        case UInt8(ascii: "\\"):
            var end = place
            while end < bytes.count, end - place < mostEscapes, bytes[end] == UInt8(ascii: "\\") { end += 1 }
            return self.end(of: "/", in: bytes, at: end) ?? self.end(of: "u002f", in: bytes, at: end)
        default: return nil
        }
    }

    /// The end of a byte that is written as `%` and these two digits in lower case. The `%` itself may be written as
    /// `%25`.
    static func percentEnd(of digits: (UInt8, UInt8), in bytes: Bytes, at place: Int) -> Int? {
        guard bytes[place] == UInt8(ascii: "%") else { return nil }
        var end = place + 1
        while end - place < 2 * mostEscapes, end + 1 < bytes.count, bytes[end] == 0x32, bytes[end + 1] == 0x35 {
            end += 2
        }
        guard end + 1 < bytes.count else { return nil }
        return lower(bytes[end]) == digits.0 && lower(bytes[end + 1]) == digits.1 ? end + 2 : nil
    }

    private static func end(of text: StaticString, in bytes: Bytes, at place: Int) -> Int? {
        let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes.count - place >= wanted.count else { return nil }
        for (offset, byte) in wanted.enumerated() where lower(bytes[place + offset]) != byte { return nil }
        return place + wanted.count
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
