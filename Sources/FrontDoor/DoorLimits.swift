internal import Platform

/// Bounds of what a client may send.
public struct DoorLimits: Sendable {
    /// Request line and headers.
    public var headerBytes: Int
    /// A segment of the path, and the name of a query parameter, decoded.
    public var nameBytes: Int
    /// The largest body of any request.
    public var bodyBytes: Int
    /// The body of a request that has no need of a large one.
    public var smallBodyBytes: Int
    /// A body that is too large and has no more bytes than this is read and dropped before the answer.
    public var droppedBodyBytes: Int
    /// From a request's first byte to its last.
    public var requestSeconds: Int
    /// Between requests.
    public var idleSeconds: Int
    /// From the connection to the end of its TLS handshake.
    public var handshakeSeconds: Int

    /// Limits of all kinds; `smallBodyBytes` is `bodyBytes` unless given.
    public init(
        headerBytes: Int, nameBytes: Int = 256, bodyBytes: Int, smallBodyBytes: Int? = nil,
        droppedBodyBytes: Int = 0, requestSeconds: Int, idleSeconds: Int, handshakeSeconds: Int
    ) {
        self.headerBytes = headerBytes
        self.nameBytes = nameBytes
        self.bodyBytes = bodyBytes
        self.smallBodyBytes = smallBodyBytes ?? bodyBytes
        self.droppedBodyBytes = droppedBodyBytes
        self.requestSeconds = requestSeconds
        self.idleSeconds = idleSeconds
        self.handshakeSeconds = handshakeSeconds
    }
}

/// What all doors of the process share.
public struct DoorShared: Sendable {
    /// The bytes of unfinished requests.
    public let bodies: BodyBudget
    /// The connections of each address.
    public let addresses: AddressCounts
    /// How often descriptors ran short.
    let shortages = Locked(0)

    /// Bounds that several doors share.
    public init(bodies: BodyBudget, addresses: AddressCounts) {
        self.bodies = bodies
        self.addresses = addresses
    }

    /// Bounds that nobody reaches.
    public static var none: DoorShared {
        DoorShared(bodies: BodyBudget(limitBytes: Int.max), addresses: AddressCounts(most: Int.max))
    }
}

/// What the door turned away itself, before any route saw it.
public struct DoorRefusal: Sendable {
    /// The status it was answered with.
    public let status: Int
    /// Why, in half a sentence.
    public let problem: String

    private var reason: String {
        switch status {
        case 413: "too_large"
        case 429: "too_many_connections"
        case 501: "method_not_implemented"
        case 503: "overloaded"
        default: "malformed_request"
        }
    }

    /// The body of the answer.
    var body: String {
        let title = HTTPResponse.reason(status)
        return """
            {"type":"about:blank","title":"\(title)","status":\(status),"reason":"\(reason)","detail":"\(problem)"}

            """
    }

    /// The whole answer, after which the connection closes.
    func answer(hasBody: Bool) -> String {
        let retry = status == 429 || status == 503 ? "Retry-After: 1\r\n" : ""
        let head = "HTTP/1.1 \(status) \(HTTPResponse.reason(status))\r\nContent-Type: application/problem+json\r\n"
        let rest = "\(retry)Connection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        return head + rest + (hasBody ? body : "")
    }
}
