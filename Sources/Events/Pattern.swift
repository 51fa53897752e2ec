package import Wire

/// A name to match: exact, or with `*` for any number of any bytes.
package struct Pattern: Sendable, Hashable {
    /// The text of the pattern.
    package let text: WireText
    /// The parts between the stars; nil for an exact name.
    private let pieces: PatternPieces?

    /// A pattern; any text is valid. Check a pattern from outside with ``init(checking:)``.
    package init(_ text: WireText) {
        self.text = text
        pieces = text.contains(UInt8(ascii: "*")) ? PatternPieces(text) : nil
    }

    /// A pattern from outside, of at most ``Limits/patternBytes`` bytes and ``Limits/patternStars`` stars.
    package init(checking text: WireText) throws(PatternError) {
        guard text.byteCount <= Limits.patternBytes else { throw .tooLong }
        guard text.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= Limits.patternStars else { throw .tooManyStars }
        self.init(text)
    }

    /// Matches everything.
    package static let any = Pattern("*")

    /// True when both texts have the same bytes.
    package static func == (left: Pattern, right: Pattern) -> Bool { left.text == right.text }

    /// Hashes the text.
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// True when it matches only one name.
    package var isExact: Bool { pieces == nil }

    /// True when `name` matches as a whole. Bytes are compared: upper and lower case differ. It takes time linear in
    /// the lengths of pattern and name, and no memory.
    package func matches(_ name: WireText) -> Bool {
        guard let pieces else { return text == name }
        return name.withBytes(pieces.match)
    }
}

/// Why a text from outside is not accepted as a pattern.
package enum PatternError: Error, Sendable, Equatable, CustomStringConvertible {
    /// More than ``Limits/patternBytes`` bytes.
    case tooLong
    /// More than ``Limits/patternStars`` stars.
    case tooManyStars

    /// The bound, as a clause.
    package var description: String {
        switch self {
        case .tooLong: "a pattern has at most \(Limits.patternBytes) bytes"
        case .tooManyStars: "a pattern has at most \(Limits.patternStars) stars"
        }
    }
}

/// Alternatives: a name matches if one of the patterns does.
package struct PatternSet: Sendable, Hashable {
    /// The alternatives, without repetitions, sorted, so that equal sets are equal values.
    package let patterns: [Pattern]

    /// The set of these alternatives.
    package init(_ patterns: some Sequence<Pattern>) {
        let unique = Set(patterns)
        self.patterns = unique.contains(.any) ? [.any] : unique.sorted { $0.text < $1.text }
    }

    /// The set of these alternatives, each as text.
    package init(_ texts: some Sequence<WireText>) {
        self.init(texts.map { Pattern($0) })
    }

    /// The set of these alternatives from outside, each of which must be within the bounds of a pattern.
    package init(checking texts: some Sequence<WireText>) throws(PatternError) {
        var patterns: [Pattern] = []
        for text in texts { patterns.append(try Pattern(checking: text)) }
        self.init(patterns)
    }

    /// Matches everything.
    package static let all = PatternSet([Pattern.any])

    /// Matches nothing.
    package static let none = PatternSet([Pattern]())

    /// True when no name matches.
    package var isEmpty: Bool { patterns.isEmpty }

    /// True when every name matches.
    package var matchesAll: Bool { patterns == [.any] }

    /// The names, if there is no `*` in any of them.
    package var exactNames: [WireText]? { patterns.allSatisfy(\.isExact) ? patterns.map(\.text) : nil }

    /// True when one of the alternatives matches.
    package func matches(_ name: WireText) -> Bool { patterns.contains { $0.matches(name) } }
}
