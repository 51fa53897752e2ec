/// What somebody who wrote an unknown word may have meant.
package enum Suggestion {
    /// The candidate that needs the fewest changes, if it needs few for its length, and not more than `atMost`.
    package static func nearest(to word: String, of candidates: some Sequence<String>, atMost: Int = .max) -> String? {
        let allowed = min(max(1, word.count / 3), atMost)
        return candidates.map { ($0, distance(word, $0)) }.filter { $0.1 <= allowed }.min { $0.1 < $1.1 }?.0
    }

    /// How many letters have to be changed, added, left out, or swapped with the next one.
    static func distance(_ one: String, _ other: String) -> Int {
        let a = one.utf8.map(lowercased)
        let b = other.utf8.map(lowercased)
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
