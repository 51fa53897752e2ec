import Events
internal import Wire

/// What counts of a token's header. Keys that come with it or that it points to (`jwk`, `jku`, `x5c`, `x5u`) are
/// never looked at (RFC 8725, sections 3.1 and 3.10).
struct TokenHeader {
    /// Nil for one that no key is used with.
    let algorithm: SignatureAlgorithm?
    let keyID: WireText?

    init(_ header: JSONObject) throws(AccessRefusal) {
        guard let algorithm = header["alg"]?.string else {
            throw AccessRefusal(.malformedToken, "The token's header names no alg.")
        }
        // Nothing that may stand in crit is understood here (RFC 7515, 4.1.11), b64 (RFC 7797) included.
        guard header["crit"] == nil, header["b64"] == nil else {
            throw AccessRefusal(.malformedToken, "The token's header asks for extensions that are not supported.")
        }
        if let type = header["typ"] { try Self.check(type: type) }
        if let keyID = header["kid"], keyID.string == nil {
            throw AccessRefusal(.malformedToken, "The token's kid is no text.")
        }
        self.algorithm = SignatureAlgorithm(algorithm)
        keyID = header["kid"]?.string
    }

    /// Refuses tokens that are made for something else, such as `logout+jwt` (RFC 8725, section 3.11). `JOSE` says only
    /// that the token is a JWS of this form (RFC 7515, section 4.1.9).
    private static func check(type: JSONValue) throws(AccessRefusal) {
        let name = type.string?.asciiLowercased() ?? ""
        let plain = name.hasPrefix("application/") ? name.dropFirst(12) : name
        guard plain == "jwt" || plain == "at+jwt" || plain == "jose" else {
            throw AccessRefusal(.wrongTokenKind, "The token's typ says that it is made for something else.")
        }
    }
}
