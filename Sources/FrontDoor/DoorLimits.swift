internal import Platform

/// Bounds on what a client may send.
public struct DoorLimits: Sendable {
    /// The most bytes of request line and headers.
    public var headerBytes: Int
    /// The most bytes of a path segment, or of a query parameter's name, decoded.
    public var nameBytes: Int
    /// The largest body of any request.
    public var bodyBytes: Int
    /// The largest body of a request that is no webhook.
    public var smallBodyBytes: Int
    /// A body that is over its limit, but not over this one, is read and dropped before the answer.
    public var droppedBodyBytes: Int
    /// The longest time from a request's first byte to its last.
    public var requestSeconds: Int
    /// The longest time between requests.
    public var idleSeconds: Int
    /// The longest time from accepting a connection to the end of its TLS handshake.
    public var handshakeSeconds: Int

    /// Limits; `smallBodyBytes` is `bodyBytes` by default.
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

/// Bounds that all doors of the process share.
public struct DoorShared: Sendable {
    /// Bounds the bytes of unfinished requests.
    public let bodies: BodyBudget
    /// Bounds the connections of each address.
    public let addresses: AddressCounts
    /// How many times descriptors ran out.
    let shortages = Locked(0)

    /// Bounds that several doors share.
    public init(bodies: BodyBudget, addresses: AddressCounts) {
        self.bodies = bodies
        self.addresses = addresses
    }

    /// Bounds that are never reached.
    public static var none: DoorShared {
        DoorShared(bodies: BodyBudget(limitBytes: Int.max), addresses: AddressCounts(most: Int.max))
    }
}

/// A request that the door refused, before any handler saw it.
public struct DoorRefusal: Sendable {
    /// The status of the answer.
    public let status: Int
    /// The reason, as a clause without a full stop.
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
