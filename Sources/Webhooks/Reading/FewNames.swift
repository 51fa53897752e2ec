internal import Events
internal import Wire

/// A small set of names, for lookups of which nearly all fail: every member of every body is looked up. First letter
/// and length nearly always decide, without a hash of the whole name.
struct FewNames: Sendable {
    /// The names as bytes, indexed by ``place(_:_:)``.
    private let names: [[[UInt8]]]

    /// These names, none of them empty.
    init(_ list: [String]) {
        var names = [[[UInt8]]](repeating: [], count: 32 * 32)
        for name in list {
            names[Self.place(name.utf8[name.utf8.startIndex], name.utf8.count)].append(Array(name.utf8))
        }
        self.names = names
    }

    /// The index for a first letter and a length. Several letters and lengths may share an index.
    private static func place(_ first: UInt8, _ count: Int) -> Int { Int(first & 31) << 5 | count & 31 }

    /// True for one of the names.
    func contains(_ name: WireText) -> Bool {
        name.withBytes { bytes in
            guard let first = bytes.first else { return false }
            let candidates = names[Self.place(first, bytes.count)]
            return !candidates.isEmpty && candidates.contains { bytes.elementsEqual($0) }
        }
    }

    /// True for one of the names in upper or lower case, with `_` and `-` anywhere. The names themselves are in lower
    /// case and without these.
    func contains(spellingOf name: WireText) -> Bool {
        name.withBytes { bytes in
            guard let first = bytes.first(where: { !Self.isSeparator($0) }) else { return false }
            var count = 0
            for byte in bytes where !Self.isSeparator(byte) { count += 1 }
            let candidates = names[Self.place(first, count)]
            return !candidates.isEmpty && candidates.contains { Self.isSpelling(bytes, of: $0) }
        }
    }

    private static func isSpelling(_ spelling: UnsafeBufferPointer<UInt8>, of name: [UInt8]) -> Bool {
        spelling.lazy.filter { !isSeparator($0) }.elementsEqual(name) { lower($0) == $1 }
    }

    private static func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
