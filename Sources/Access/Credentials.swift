/// What a request shows to be let in.
public enum Credentials: Sendable, Hashable {
    /// A token.
    case bearer(String)
    /// A ticket that was bought with a token.
    case ticket(String)

    /// The name of the cookie that holds a token.
    public static let cookieName = "roomwire"

    /// Looks in the header, then the cookie, then `access_token=`, then `ticket=`; the first that is there counts,
    /// even if it turns out to be no good. Nil if there is none.
    /// - Parameters:
    ///   - authorization: the value of `Authorization`. Any scheme but `Bearer` is refused, since whoever sends it
    ///     means to be let in by it.
    ///   - cookie: the value of `Cookie`.
    ///   - query: the query's names and values, decoded.
    public static func find(
        authorization: String?, cookie: String?, query: some Sequence<(name: String, value: String)>
    ) throws(AccessRefusal) -> Credentials? {
        if let authorization { return .bearer(try token(inHeader: authorization)) }
        if let token = cookie.flatMap(token(inCookies:)) { return .bearer(token) }
        var tokens: [String] = []
        var tickets: [String] = []
        for (name, value) in query where !value.isEmpty {
            if name == "access_token" { tokens.append(value) }
            if name == "ticket" { tickets.append(value) }
        }
        guard tokens.count <= 1, tickets.count <= 1 else {
            throw AccessRefusal(.malformedToken, "The query has more than one access_token or ticket.")
        }
        return tokens.first.map(Credentials.bearer) ?? tickets.first.map(Credentials.ticket)
    }

    /// `Bearer`, in any case, blanks, the token (RFC 6750, section 2.1).
    private static func token(inHeader value: String) throws(AccessRefusal) -> String {
        let words = value.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            throw AccessRefusal(.malformedToken, "The Authorization header is not Bearer and a token.")
        }
        return String(words[1])
    }

    /// The first of our cookies that has a value, as browsers send the one with the longest path first (RFC 6265,
    /// section 5.4).
    private static func token(inCookies value: String) -> String? {
        for pair in value.split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, trimmed(parts[0]) == cookieName else { continue }
            var text = trimmed(parts[1])
            if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") { text = text.dropFirst().dropLast() }
            // An empty one is what is left of a cookie that was deleted.
            if !text.isEmpty { return String(text) }
        }
        return nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        var rest = text.drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest
    }
}
