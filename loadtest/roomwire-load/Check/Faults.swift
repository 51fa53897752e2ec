/// What a server did wrong, counted by kind; the first of them in words.
struct Faults {
    /// How many are told one by one.
    static let listed = 20

    /// How many there were.
    private(set) var count = 0
    /// The first ones, a sentence each.
    private(set) var sentences: [String] = []
    private var counts: [String: Int] = [:]

    /// Notes a fault.
    /// - Parameters:
    ///   - kind: the words under which it is counted.
    ///   - sentence: what happened, said only if it is among the first.
    mutating func note(_ kind: String, _ sentence: @autoclosure () -> String) {
        count += 1
        counts[kind, default: 0] += 1
        if sentences.count < Self.listed { sentences.append(sentence()) }
    }

    /// The kinds, most frequent first.
    var byKind: [(kind: String, count: Int)] {
        counts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map { ($0.key, $0.value) }
    }
}
