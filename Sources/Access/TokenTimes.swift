import Events
internal import Wire

/// `exp` and `nbf` of a token (RFC 7519, section 4.1), in milliseconds.
///
/// `iat` is not looked at: a token issued by a clock ahead of ours is none the worse for it, and `nbf` is there
/// for issuers who mean it.
struct TokenTimes {
    private let expiry: WallTime?
    private let notBefore: WallTime?

    init(_ claims: JSONObject) throws(AccessRefusal) {
        expiry = try Self.time("exp", in: claims)
        notBefore = try Self.time("nbf", in: claims)
    }

    /// When the token stops to count, or why it does not count now. Valid are `nbf - leeway <= now < exp + leeway`.
    func end(
        now: WallTime, leeway: Int64, requireExpiry: Bool
    ) throws(AccessRefusal) -> WallTime? {
        if let notBefore, now < notBefore - leeway {
            throw AccessRefusal(.notYetValid, "The token is not valid yet: its nbf lies ahead of this server's clock.")
        }
        guard let expiry else {
            guard !requireExpiry else {
                throw AccessRefusal(.noExpiry, "The token has no exp; tokens that never expire are not accepted here.")
            }
            return nil
        }
        guard now < expiry + leeway else { throw AccessRefusal(.expired, "The token has expired.") }
        return now < expiry ? expiry : expiry + leeway
    }

    // The last second of the year 9999. Beyond it lie the milliseconds that are taken for seconds by mistake, whose
    // tokens would never expire.
    private static let largestSeconds: Int64 = 253_402_300_799

    private static func time(_ name: WireText, in claims: JSONObject) throws(AccessRefusal) -> WallTime? {
        switch claims[name] {
        case nil: return nil
        case .integer(let seconds):
            guard seconds.magnitude <= largestSeconds.magnitude else { break }
            return WallTime(milliseconds: seconds * 1000)
        case .decimal(let text):
            guard let seconds = Double(text), seconds.magnitude <= Double(largestSeconds) else { break }
            return WallTime(milliseconds: Int64((seconds * 1000).rounded(.down)))
        default:
            throw AccessRefusal(.malformedToken, "The token's \(name) is not a number.")
        }
        throw AccessRefusal(.malformedToken, "The token's \(name) is out of range: it counts seconds since 1970.")
    }
}
