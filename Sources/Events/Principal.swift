/// Who a token stands for: the user, and the issuer that vouches for the name.
///
/// A user's name alone identifies nobody: each issuer gives its names as it likes, and a guest of a LiveKit server may
/// choose any. So whatever is counted, listed, renewed or revoked goes by both. Both are compared byte by byte; see
/// ``ExactName``.
public struct Principal: Sendable, Hashable {
    /// The issuer: its name in the settings, or `source:` and the names of the sources whose key signed the token.
    public let issuer: String
    /// The user, as the issuer names them.
    public let user: String

    /// A user of an issuer.
    public init(issuer: String, user: String) {
        self.issuer = issuer
        self.user = user
    }

    /// True when issuer and user have the same bytes.
    public static func == (left: Principal, right: Principal) -> Bool {
        left.user.hasSameBytes(as: right.user) && left.issuer.hasSameBytes(as: right.issuer)
    }

    /// Feeds what ``==(_:_:)`` compares.
    public func hash(into hasher: inout Hasher) {
        issuer.hashBytes(into: &hasher)
        user.hashBytes(into: &hasher)
    }
}
