package import Wire

/// The identity that a token proves: a user, and the issuer of the user's name.
///
/// A user's name alone is not an identity: each issuer assigns names as it likes, and a guest of a LiveKit server may
/// choose any name. So counting, listing, renewing and revoking use both.
package struct Principal: Sendable, Hashable {
    /// The issuer: its name in the settings, or `source:` and the names of the sources whose key signed the token.
    package let issuer: WireText
    /// The user, as the issuer names them.
    package let user: WireText

    /// A user of an issuer.
    package init(issuer: WireText, user: WireText) {
        self.issuer = issuer
        self.user = user
    }
}
