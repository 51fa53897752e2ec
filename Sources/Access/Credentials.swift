package import Wire

/// What a request shows to be let in.
package enum Credentials: Sendable, Hashable {
    /// A token.
    case bearer(WireText)
    /// A ticket that was bought with a token.
    case ticket(WireText)

    /// The name of the cookie that holds a token.
    package static let cookieName: WireText = "roomwire"

    /// Looks in the header, then the cookie, then `access_token=`, then `ticket=`; the first that is there counts,
    /// even if it turns out to be no good. Nil if there is none.
    /// - Parameters:
    ///   - authorization: the value of `Authorization`. Any scheme but `Bearer` is refused, since whoever sends it
    ///     means to be let in by it.
    ///   - cookie: the value of `Cookie`.
    ///   - query: the query's names and values, decoded.
    package static func find(
        authorization: WireText?, cookie: WireText?, query: some Sequence<(name: WireText, value: WireText)>
    ) throws(AccessRefusal) -> Credentials? {
        if let authorization { return .bearer(try token(inHeader: authorization)) }
        if let token = cookie.flatMap(token(inCookies:)) { return .bearer(token) }
        var tokens: [WireText] = []
        var tickets: [WireText] = []
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
    private static func token(inHeader value: WireText) throws(AccessRefusal) -> WireText {
        let words = value.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard words.count == 2, WireText(decoding: words[0]).equalsIgnoringASCIICase("bearer") else {
            throw AccessRefusal(.malformedToken, "The Authorization header is not Bearer and a token.")
        }
        return WireText(decoding: words[1])
    }

    /// The first of our cookies that has a value, as browsers send the one with the longest path first (RFC 6265,
    /// section 5.4).
    private static func token(inCookies value: WireText) -> WireText? {
        for pair in value.split(at: UInt8(ascii: ";")) {
            let parts = pair.split(at: UInt8(ascii: "="), maxSplits: 1, omittingEmpty: false)
            guard parts.count == 2, parts[0].trimmingBlanks() == cookieName else { continue }
            var text = parts[1].trimmingBlanks()
            if text.byteCount >= 2, text.hasPrefix("\""), text.hasSuffix("\"") { text = text.dropFirst(1).dropLast(1) }
            // An empty one is what is left of a cookie that was deleted.
            if !text.isEmpty { return text }
        }
        return nil
    }
}
