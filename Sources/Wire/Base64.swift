/// Base64 in both alphabets, decoded strictly: no blanks, no spare bits, and padding exactly where the variant has it.
///
/// Foundation's decoder accepts spare bits that are set, so several texts decode to the same bytes. A verifier that
/// compares must not accept that.
public struct Base64: Sendable {
    private let alphabet: [UInt8]
    private let values: [UInt8]
    private let isPadded: Bool

    /// `A-Z a-z 0-9 + /` with padding (RFC 4648, section 4).
    public static let standard = Base64(last: "+/", isPadded: true)
    /// `A-Z a-z 0-9 - _` without padding (section 5), as in JWTs.
    public static let url = Base64(last: "-_", isPadded: false)

    private init(last: String, isPadded: Bool) {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + last
        alphabet = Array(letters.utf8)
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        self.values = values
        self.isPadded = isPadded
    }

    // Both functions are inlinable over any collection but work on contiguous bytes: for a caller in another target the
    // compiler would leave generic loops, which are ten times slower.

    /// Encodes bytes.
    @inlinable public func text(_ bytes: some Collection<UInt8>) -> String {
        bytes.withContiguousStorageIfAvailable(encoded) ?? Array(bytes).withUnsafeBufferPointer(encoded)
    }

    /// Decodes text; nil unless it is exactly what ``text(_:)`` would write.
    @inlinable public func bytes(_ text: some Collection<UInt8>) -> [UInt8]? {
        text.withContiguousStorageIfAvailable(decoded) ?? Array(text).withUnsafeBufferPointer(decoded)
    }

    @usableFromInline func encoded(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { text in
            var length = 0
            func append(_ letter: UInt8) {
                text.initializeElement(at: length, to: letter)
                length += 1
            }
            var bits: UInt32 = 0
            var count: UInt32 = 0
            for byte in bytes {
                bits = bits << 8 | UInt32(byte)
                count += 8
                while count >= 6 {
                    count -= 6
                    append(alphabet[Int(bits >> count & 63)])
                }
            }
            if count > 0 { append(alphabet[Int(bits << (6 - count) & 63)]) }
            while isPadded && length % 4 != 0 { append(UInt8(ascii: "=")) }
            return length
        }
    }

    @usableFromInline func decoded(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let padding = isPadded ? text.reversed().prefix(2).prefix { $0 == UInt8(ascii: "=") }.count : 0
        let digits = text.dropLast(padding)
        guard digits.count % 4 != 1, !isPadded || (text.count % 4 == 0 && padding == (4 - digits.count % 4) % 4) else {
            return nil
        }
        var bits: UInt32 = 0
        var count: UInt32 = 0
        var union: UInt8 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: digits.count * 3 / 4) { bytes, length in
            for digit in digits {
                let value = values[Int(digit)]
                union |= value
                bits = bits << 6 | UInt32(value)
                count += 6
                if count >= 8 {
                    count -= 8
                    bytes.initializeElement(at: length, to: UInt8(truncatingIfNeeded: bits >> count))
                    length += 1
                }
            }
        }
        let isValid = union < 64 && bits & ((1 << count) - 1) == 0
        return isValid ? bytes : nil
    }
}
