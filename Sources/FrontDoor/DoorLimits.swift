/// Bounds of what a client may send.
public struct DoorLimits: Sendable {
    /// Request line and headers.
    public var headerBytes: Int
    /// A segment of the path, and the name of a query parameter, decoded.
    public var nameBytes: Int
    /// The body.
    public var bodyBytes: Int
    /// From a request's first byte to its last.
    public var requestSeconds: Int
    /// Between requests.
    public var idleSeconds: Int
    /// From the connection to the end of its TLS handshake.
    public var handshakeSeconds: Int

    /// Limits of all kinds.
    public init(
        headerBytes: Int, nameBytes: Int = 256, bodyBytes: Int, requestSeconds: Int, idleSeconds: Int,
        handshakeSeconds: Int
    ) {
        self.headerBytes = headerBytes
        self.nameBytes = nameBytes
        self.bodyBytes = bodyBytes
        self.requestSeconds = requestSeconds
        self.idleSeconds = idleSeconds
        self.handshakeSeconds = handshakeSeconds
    }
}

/// What the door turned away itself, before any route saw it.
public struct DoorRefusal: Sendable {
    /// The status it was answered with.
    public let status: Int
    /// Why, in half a sentence.
    public let problem: String
}
