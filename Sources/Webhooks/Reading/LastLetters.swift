internal import Events
internal import Wire

/// The last two letters of the names in a list. Nearly every name in a body ends with two other letters, so the list
/// need not be searched.
struct LastLetters: Sendable {
    /// One bit for each pair: the word by the last letter, the bit by the one before it.
    private var pairs = [UInt32](repeating: 0, count: 32)

    /// The letters of these names, each of two or more letters and digits.
    init(_ names: [String]) {
        for name in names {
            let letters = Array(name.utf8.suffix(2))
            precondition(letters.count == 2, "a name of one letter has no last two")
            pairs[Int(letters[1] & 31)] |= 1 << UInt32(letters[0] & 31)
        }
    }

    /// False for a name that does not end like one of the list, in upper or lower case. True for every name that must
    /// be examined whole: one that ends in a digit or any other non-letter.
    func mayEnd(_ name: WireText) -> Bool {
        name.withBytes { bytes in
            guard bytes.count > 1 else { return true }
            let last = bytes[bytes.count - 1]
            let before = bytes[bytes.count - 2]
            guard Self.isLetter(last), Self.isLetter(before) else { return true }
            return pairs[Int(last & 31)] >> UInt32(before & 31) & 1 == 1
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }
}
