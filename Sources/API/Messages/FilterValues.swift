internal import Events
internal import Wire

/// Checks the names and patterns of a request: their number and their lengths.
struct FilterValues {
    private var count = 0

    /// Checks one more pattern.
    /// - Parameter what: how an error calls the value: `room=`.
    mutating func pattern(_ what: String, _ value: WireText) throws(QueryError) -> Pattern {
        let text = try take(what, value, most: Limits.patternBytes)
        do { return try Pattern(checking: text) } catch { throw QueryError(sentence: "\(what): \(error).") }
    }

    /// Checks one more name.
    /// - Parameter what: how an error calls the value: `room=`.
    mutating func name(_ what: String, _ value: WireText) throws(QueryError) -> WireText {
        try take(what, value, most: Limits.nameBytes)
    }

    private mutating func take(
        _ what: String, _ value: WireText, most bytes: Int
    ) throws(QueryError) -> WireText {
        count += 1
        guard count <= Limits.filterPatterns else {
            throw QueryError(sentence: "There are more than \(Limits.filterPatterns) filters.")
        }
        guard !value.isEmpty, value.byteCount <= bytes else {
            throw QueryError(
                sentence: "\(what) needs a value, of at most \(bytes) bytes; * matches anything.")
        }
        return value
    }

    /// Reads a parameter that is 1 or 0.
    static func flag(_ name: WireText, _ value: WireText) throws(QueryError) -> Bool {
        switch value {
        case "1", "true": return true
        case "0", "false": return false
        default: throw QueryError(sentence: "\(name)= is 1 or 0.")
        }
    }

    /// The error for a parameter that is not one of `known`.
    static func unknown(_ name: WireText, of known: [String]) -> QueryError {
        let nearest =
            name.byteCount <= Limits.loggedNameBytes ? Suggestion.nearest(to: name.string, of: known) : nil
        let list = known.dropLast().joined(separator: ", ") + (known.count > 1 ? " and " : "") + (known.last ?? "")
        return QueryError(
            sentence: "A parameter is not known\(Quotable.text(name))"
                + (nearest.map { ", did you mean \($0)=?" } ?? ";") + " the parameters are \(list).")
    }
}
