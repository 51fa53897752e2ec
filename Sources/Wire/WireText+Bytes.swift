// Operations on text from outside, by bytes: no grapheme clusters, no case but ASCII's.
extension WireText {
    /// True when the text begins with these bytes.
    public func hasPrefix(_ prefix: WireText) -> Bool { utf8.starts(with: prefix.utf8) }

    /// True when the text ends with these bytes.
    public func hasSuffix(_ suffix: WireText) -> Bool {
        byteCount >= suffix.byteCount && utf8.suffix(suffix.byteCount).elementsEqual(suffix.utf8)
    }

    /// True when the byte is in the text.
    public func contains(_ byte: UInt8) -> Bool { withBytes { $0.contains(byte) } }

    /// True when the text contains `part`. Use it for a short `part`: the time grows with the product of both lengths.
    public func contains(_ part: WireText) -> Bool {
        withBytes { bytes in
            part.withBytes { part in
                guard part.count > 0 else { return true }
                guard bytes.count >= part.count else { return false }
                return (0...(bytes.count - part.count)).contains { start in
                    bytes[start] == part[0] && bytes[start..<(start + part.count)].elementsEqual(part)
                }
            }
        }
    }

    /// The text with `A` to `Z` in lower case; every other byte stays as it is.
    public func asciiLowercased() -> WireText {
        withBytes { bytes in
            guard bytes.contains(where: \.isASCIIUpper) else { return self }
            // Written directly into the text: an array in between would be another allocation.
            return WireText(
                String(unsafeUninitializedCapacity: bytes.count) { text in
                    for index in bytes.indices { text.initializeElement(at: index, to: bytes[index].asciiLowercased) }
                    return bytes.count
                })
        }
    }

    /// True when both are the same but for the case of ASCII letters.
    public func equalsIgnoringASCIICase(_ other: WireText) -> Bool {
        guard byteCount == other.byteCount else { return false }
        return withBytes { left in
            other.withBytes { right in left.elementsEqual(right) { $0.asciiLowercased == $1.asciiLowercased } }
        }
    }

    /// The pieces between the bytes `separator`, which must be ASCII.
    public func split(
        at separator: UInt8, maxSplits: Int = .max, omittingEmpty: Bool = true
    ) -> [WireText] {
        precondition(separator < 0x80, "text is split only at ASCII bytes, which never are a part of a scalar")
        return utf8.split(separator: separator, maxSplits: maxSplits, omittingEmptySubsequences: omittingEmpty)
            .map { WireText(decoding: $0) }
    }

    /// The text without blanks and tabs at both ends.
    public func trimmingBlanks() -> WireText {
        withBytes { bytes in
            let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
            guard let first = bytes.firstIndex(where: { !isBlank($0) }),
                let last = bytes.lastIndex(where: { !isBlank($0) })
            else { return "" }
            return first == 0 && last == bytes.count - 1 ? self : WireText(decoding: bytes[first...last])
        }
    }

    /// The text without its first `count` bytes.
    public func dropFirst(_ count: Int) -> WireText { WireText(decoding: utf8.dropFirst(count)) }

    /// The text without its last `count` bytes.
    public func dropLast(_ count: Int) -> WireText { WireText(decoding: utf8.dropLast(count)) }

    /// At most the first `count` bytes; a scalar that would be cut is replaced.
    public func prefix(_ count: Int) -> WireText {
        byteCount <= count ? self : WireText(decoding: utf8.prefix(count))
    }
}

extension UInt8 {
    fileprivate var isASCIIUpper: Bool { self &- 0x41 < 26 }

    fileprivate var asciiLowercased: UInt8 { isASCIIUpper ? self | 0x20 : self }
}
