/// The types of the relay's own messages on a stream. Clients obey them by their type alone, so that no sender may
/// give one of them to an event.
public enum ControlType: WireText, Sendable, CaseIterable {
    /// First on every stream.
    case connected
    /// The open rooms.
    case snapshot
    /// Events were missed.
    case resync
    /// The token ends soon.
    case tokenExpiring = "token_expiring"
    /// The token has ended.
    case tokenExpired = "token_expired"
    /// An administrator has closed the stream.
    case closed
    /// The token or its user was revoked.
    case revoked
    /// A newer stream of the user has taken the place.
    case replaced
    /// The relay stops.
    case draining
    /// The stream has come of age.
    case retire
    /// There is no stream now.
    case refused
    /// The stream is alive.
    case heartbeat
}

extension EventType {
    /// Whether the relay's own messages have this type, or could be taken for them.
    public var isReserved: Bool { ControlType(rawValue: rawValue) != nil }
}
