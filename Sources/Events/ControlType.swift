package import Wire

/// The types of the relay's own messages on a stream. Clients act on them by type alone, so a sender's event may not
/// have one of these types.
package enum ControlType: WireText, Sendable, CaseIterable {
    /// The first message of every stream.
    case connected
    /// The rooms that are open.
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
    /// A newer stream of the same user has replaced this one.
    case replaced
    /// The relay is stopping.
    case draining
    /// The stream has reached the greatest age of a stream.
    case retire
    /// The request for a stream is refused.
    case refused
    /// The stream works, and nothing was sent for a while.
    case heartbeat
}

extension EventType {
    /// Whether this is the type of one of the relay's own messages.
    package var isReserved: Bool { ControlType(rawValue: rawValue) != nil }
}
