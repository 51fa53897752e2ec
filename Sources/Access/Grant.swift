public import Events

/// What the holder of a token may read and do.
public struct Grant: Sendable, Hashable {
    /// The rooms, types and sources whose events it covers. With no rooms at all there remain the events that
    /// name the user in their audience.
    public var scope: EventScope
    /// May read the provider's own body beside the event.
    public var raw: Bool
    /// May use the admin API.
    public var admin: Bool

    /// A grant; neither raw bodies nor the admin API unless they are given.
    public init(scope: EventScope, raw: Bool = false, admin: Bool = false) {
        self.scope = scope
        self.raw = raw
        self.admin = admin
    }
}

/// Who a verified token stands for, and what it allows.
public struct Identity: Sendable, Hashable {
    /// The user, as the token's issuer names them.
    public var user: WireText
    /// What they may read and do.
    public var grant: Grant
    /// When streams opened with the token end: its `exp`, or, where only the leeway for clocks let it in, the end
    /// of that leeway. Nil for a token without `exp`, which only settings can allow.
    public var expiresAt: EpochMilliseconds?
    /// The token's `jti`, by which it can be revoked.
    public var tokenID: WireText?
    /// Whose key signed the token: the name of an issuer in the settings, or `livekit` or `daily`.
    public var issuer: String

    /// An identity of these parts.
    public init(
        user: WireText, grant: Grant, expiresAt: EpochMilliseconds? = nil, tokenID: WireText? = nil, issuer: String
    ) {
        self.user = user
        self.grant = grant
        self.expiresAt = expiresAt
        self.tokenID = tokenID
        self.issuer = issuer
    }
}
