internal import Wire

/// A pattern with stars, prepared for matching: the parts between the stars, each with its table for the search of
/// Knuth, Morris and Pratt.
///
/// The first piece must begin the name and the last must end it. Each piece between them is matched at its leftmost
/// position, which leaves the most bytes for the following pieces. So no search is repeated, and no byte of a name is
/// compared more than twice: matching is linear in pattern and name, whatever they contain.
final class PatternPieces: Sendable {
    private let bytes: [UInt8]
    /// For each byte of a piece: the length of the longest beginning of the piece that ends at this byte.
    private let borders: [Int32]
    private let first: Range<Int>
    private let last: Range<Int>
    private let between: [Range<Int>]

    /// The pieces of a text that has at least one star.
    init(_ text: WireText) {
        bytes = Array(text.utf8)
        var pieces: [Range<Int>] = []
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "*") {
            pieces.append(start..<index)
            start = index + 1
        }
        first = pieces.first ?? 0..<0
        last = start..<bytes.count
        between = pieces.dropFirst().filter { !$0.isEmpty }
        borders = Self.borders(of: between, in: bytes)
    }

    private static func borders(of pieces: [Range<Int>], in bytes: [UInt8]) -> [Int32] {
        var borders = [Int32](repeating: 0, count: bytes.count)
        for piece in pieces {
            var length = 0
            for index in piece.dropFirst() {
                while length > 0, bytes[piece.lowerBound + length] != bytes[index] {
                    length = Int(borders[piece.lowerBound + length - 1])
                }
                if bytes[piece.lowerBound + length] == bytes[index] { length += 1 }
                borders[index] = Int32(length)
            }
        }
        return borders
    }

    /// True when the name matches as a whole.
    func match(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard name.count >= first.count + last.count, holds(first, at: 0, of: name),
            holds(last, at: name.count - last.count, of: name)
        else { return false }
        var place = first.count
        for piece in between {
            guard let end = end(of: piece, in: name, from: place, to: name.count - last.count) else { return false }
            place = end
        }
        return true
    }

    private func holds(_ piece: Range<Int>, at start: Int, of name: UnsafeBufferPointer<UInt8>) -> Bool {
        for offset in 0..<piece.count where name[start + offset] != bytes[piece.lowerBound + offset] { return false }
        return true
    }

    /// The index after the first occurrence of a piece; nil if there is none.
    private func end(
        of piece: Range<Int>, in name: UnsafeBufferPointer<UInt8>, from start: Int, to limit: Int
    ) -> Int? {
        var matched = 0
        var index = start
        while index < limit {
            while matched > 0, bytes[piece.lowerBound + matched] != name[index] {
                matched = Int(borders[piece.lowerBound + matched - 1])
            }
            if bytes[piece.lowerBound + matched] == name[index] { matched += 1 }
            index += 1
            if matched == piece.count { return index }
        }
        return nil
    }
}
