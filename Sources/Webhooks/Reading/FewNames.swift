/// A few names that are looked for among many. Every member of every body is asked about, and is none of them as a
/// rule: nearly always its first letters tell, without a hash of the whole.
struct FewNames: Sendable {
    /// The names as bytes, by their first.
    private let names: [[[UInt8]]]

    /// These names, none of them empty.
    init(_ list: [String]) {
        var names = [[[UInt8]]](repeating: [], count: 256)
        for name in list { names[Int(name.utf8[name.utf8.startIndex])].append(Array(name.utf8)) }
        self.names = names
    }

    /// True for one of the names.
    func contains(_ name: String) -> Bool {
        name.withBytes { bytes in
            guard let first = bytes.first else { return false }
            return names[Int(first)].contains { bytes.elementsEqual($0) }
        }
    }

    /// True for one of the names in upper or lower case, with `_` and `-` anywhere behind its first letter. The names
    /// themselves are in lower case and without them.
    func contains(spellingOf name: String) -> Bool {
        name.withBytes { bytes in
            guard let first = bytes.first else { return false }
            return names[Int(Self.lower(first))].contains { Self.isSpelling(bytes, of: $0) }
        }
    }

    private static func isSpelling(_ spelling: UnsafeBufferPointer<UInt8>, of name: [UInt8]) -> Bool {
        var index = 0
        for byte in spelling where byte != UInt8(ascii: "_") && byte != UInt8(ascii: "-") {
            guard index < name.count, name[index] == lower(byte) else { return false }
            index += 1
        }
        return index == name.count
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

extension String {
    /// The result of `body` over the bytes in one piece. Going through them is a good deal faster than through `utf8`.
    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        var text = self
        return text.withUTF8(body)
    }
}
