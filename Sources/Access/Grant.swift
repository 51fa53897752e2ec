package import Events
package import Wire

/// What the holder of a token may read and do.
package struct Grant: Sendable, Hashable {
    /// The rooms, types and sources whose events it covers. With no rooms at all there remain the events that
    /// name the user in their audience.
    package var scope: EventScope
    /// May read the provider's own body beside the event.
    package var raw: Bool
    /// May use the admin API.
    package var admin: Bool
    /// May be a member of the rooms that it covers.
    package var presence: Bool

    /// A grant; neither raw bodies, nor the admin API, nor memberships unless they are given.
    package init(scope: EventScope, raw: Bool = false, admin: Bool = false, presence: Bool = false) {
        self.scope = scope
        self.raw = raw
        self.admin = admin
        self.presence = presence
    }
}

/// Who a verified token stands for, and what it allows.
package struct Identity: Sendable, Hashable {
    /// The user, as the token's issuer names them.
    package var user: WireText
    /// What they may read and do.
    package var grant: Grant
    /// When streams opened with the token end: its `exp`, or, where only the leeway for clocks let it in, the end
    /// of that leeway. Nil for a token without `exp`, which only settings can allow.
    package var expiresAt: WallTime?
    /// The token's `jti`, by which it can be revoked.
    package var tokenID: WireText?
    /// Whose key signed the token: the name of an issuer in the settings, or `source:` and the names of the sources
    /// whose key it is.
    package var issuer: WireText
    /// Whether events that name the user in their audience are for this one. False where users may choose their own
    /// names, as guests of LiveKit and Daily do: whoever called himself `bob` would receive what is meant for bob.
    package var isAddressable: Bool

    /// Who it is, wherever users are counted, listed or told apart.
    package var principal: Principal { Principal(issuer: issuer, user: user) }

    /// An identity of these parts.
    package init(
        user: WireText, grant: Grant, expiresAt: WallTime? = nil, tokenID: WireText? = nil,
        issuer: WireText, isAddressable: Bool = true
    ) {
        self.user = user
        self.grant = grant
        self.expiresAt = expiresAt
        self.tokenID = tokenID
        self.issuer = issuer
        self.isAddressable = isAddressable
    }
}
