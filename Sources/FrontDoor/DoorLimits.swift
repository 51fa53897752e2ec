internal import Platform

/// Bounds on what a client may send.
package struct DoorLimits: Sendable {
    /// The most bytes of request line and headers.
    package var headerBytes: Int
    /// The most bytes of a path segment, or of a query parameter's name, decoded.
    package var nameBytes: Int
    /// The largest body of any request.
    package var bodyBytes: Int
    /// The largest body of a request that is no webhook.
    package var smallBodyBytes: Int
    /// A body that is over its limit, but not over this one, is read and dropped before the answer.
    package var droppedBodyBytes: Int
    /// The longest time from a request's first byte to its last.
    package var requestSeconds: Int
    /// The longest time between requests.
    package var idleSeconds: Int
    /// The longest time from accepting a connection to the end of its TLS handshake.
    package var handshakeSeconds: Int

    /// Limits; `smallBodyBytes` is `bodyBytes` by default.
    package init(
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
package struct DoorShared: Sendable {
    /// Bounds the bytes of unfinished requests.
    package let bodies: BodyBudget
    /// Bounds the connections of each address.
    package let addresses: AddressCounts
    /// How many times descriptors ran out.
    let shortages = Locked(0)

    /// Bounds that several doors share.
    package init(bodies: BodyBudget, addresses: AddressCounts) {
        self.bodies = bodies
        self.addresses = addresses
    }

    /// Bounds that are never reached.
    package static var none: DoorShared {
        DoorShared(bodies: BodyBudget(limitBytes: Int.max), addresses: AddressCounts(most: Int.max))
    }
}

/// A request that the door refused, before any handler saw it.
package struct DoorRefusal: Sendable {
    /// The status of the answer.
    package let status: Int
    /// The reason, as a clause without a full stop.
    package let problem: String

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
