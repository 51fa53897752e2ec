internal import Events

/// The names and patterns that a request asks for: how many there may be, and how long each.
struct FilterValues {
    private var count = 0

    /// Checks one more.
    /// - Parameter name: what it is, for a sentence.
    mutating func take(_ name: String, _ value: String) throws(StreamQuery.Mistake) -> String {
        count += 1
        guard count <= Limits.filterPatterns else {
            throw StreamQuery.Mistake(sentence: "There are more than \(Limits.filterPatterns) filters.")
        }
        guard !value.isEmpty, value.utf8.count <= Limits.nameBytes else {
            throw StreamQuery.Mistake(
                sentence: "\(name) needs a value, of at most \(Limits.nameBytes) bytes; * matches anything.")
        }
        return value
    }

    /// The mistake of a parameter that is none of `known`.
    static func unknown(_ name: String, of known: [String]) -> StreamQuery.Mistake {
        let nearest = name.utf8.count <= Limits.loggedNameBytes ? Suggestion.nearest(to: name, of: known) : nil
        let list = known.dropLast().joined(separator: ", ") + (known.count > 1 ? " and " : "") + (known.last ?? "")
        return StreamQuery.Mistake(
            sentence: "A parameter is not known\(Quotable.text(name))"
                + (nearest.map { ", did you mean \($0)=?" } ?? ";") + " the parameters are \(list).")
    }
}
