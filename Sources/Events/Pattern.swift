/// A name to match: exact, or with `*` for any number of any characters.
public struct Pattern: Sendable, Hashable {
    /// As it was written.
    public let text: String

    /// A pattern; any text is one.
    public init(_ text: String) {
        self.text = text
    }

    /// Matches everything.
    public static let any = Pattern("*")

    /// True when both were written with the same bytes; see ``ExactName``.
    public static func == (left: Pattern, right: Pattern) -> Bool { left.text.hasSameBytes(as: right.text) }

    /// Feeds what ``==(_:_:)`` compares.
    public func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }

    /// True when it is only one name.
    public var isExact: Bool { !text.utf8.contains(UInt8(ascii: "*")) }

    /// True when `name` matches as a whole. Bytes are compared: upper and lower case differ.
    public func matches(_ name: String) -> Bool {
        if text == "*" { return true }
        if isExact { return text.hasSameBytes(as: name) }
        return Self.matches(Array(text.utf8), Array(name.utf8))
    }

    // Greedy with one point of return: on a mismatch the last star takes one more byte. Quadratic at worst,
    // where the usual recursion is exponential in the number of stars.
    private static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var p = 0
        var n = 0
        var star: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                p = last.pattern + 1
                n = last.name + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

/// Alternatives: a name matches if one of the patterns does.
public struct PatternSet: Sendable, Hashable {
    /// The alternatives, without repetitions, sorted, so that equal sets are equal values.
    public let patterns: [Pattern]

    /// The set of these alternatives.
    public init(_ patterns: some Sequence<Pattern>) {
        let unique = Set(patterns)
        self.patterns =
            unique.contains(.any) ? [.any] : unique.sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
    }

    /// The set of these alternatives, each as text.
    public init(_ texts: some Sequence<String>) {
        self.init(texts.map(Pattern.init))
    }

    /// Matches everything.
    public static let all = PatternSet([Pattern.any])

    /// True when every name matches.
    public var matchesAll: Bool { patterns == [.any] }

    /// The names, if there is no `*` in any of them.
    public var exactNames: [String]? { patterns.allSatisfy(\.isExact) ? patterns.map(\.text) : nil }

    /// True when one of the alternatives matches.
    public func matches(_ name: String) -> Bool { patterns.contains { $0.matches(name) } }
}
