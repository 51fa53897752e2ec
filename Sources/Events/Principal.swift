public import Wire

/// Who a token stands for: the user, and the issuer that vouches for the name.
///
/// A user's name alone identifies nobody: each issuer gives its names as it likes, and a guest of a LiveKit server may
/// choose any. So whatever is counted, listed, renewed or revoked goes by both.
public struct Principal: Sendable, Hashable {
    /// The issuer: its name in the settings, or `source:` and the names of the sources whose key signed the token.
    public let issuer: WireText
    /// The user, as the issuer names them.
    public let user: WireText

    /// A user of an issuer.
    public init(issuer: WireText, user: WireText) {
        self.issuer = issuer
        self.user = user
    }
}
