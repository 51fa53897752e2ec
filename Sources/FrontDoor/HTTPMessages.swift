public import Wire

/// A request as the front door hands it on: complete, well-formed, within the limits.
public struct HTTPRequest: Sendable {
    /// `GET`, `POST`, …
    public let method: String
    /// The target of the request line as it was sent: path and query.
    public let target: WireText
    /// The path's segments, percent-decoded: `/api/rooms/a%2Fb` is `["api", "rooms", "a/b"]`.
    public let path: [WireText]
    /// The query's names and values in order, percent-decoded.
    public let query: [(name: WireText, value: WireText)]
    /// Header lines in order, values without blanks around them.
    public let headers: [(name: WireText, value: WireText)]
    /// The body, raw.
    public let body: [UInt8]
    /// The client's address: the other end of the connection, or, if that is a trusted proxy, who asked the proxy.
    public let remoteAddress: String

    /// Whether it came as HTTP/1.0, as some proxies send it unless told otherwise, and not as HTTP/1.1.
    public var isHTTP10 = false

    /// See ``Framing/isOrdinary``.
    var hasOrdinaryFraming = false

    /// Whether this is the last request on its connection.
    var closesConnection = false

    /// Whether the connection goes on after an answer that says nothing of it, and the answer may have a body.
    var isOrdinary: Bool {
        // evhttp takes a whole URL as what one asks a proxy for.
        hasOrdinaryFraming && !isHTTP10 && method != "HEAD" && method != "CONNECT" && target.utf8.first == 0x2F
    }

    /// The value of a header, whose name is given in any case; of several, the first.
    public func header(_ name: WireText) -> WireText? {
        headers.first { $0.name.equalsIgnoringASCIICase(name) }?.value
    }

    /// The first value of a query parameter.
    public func query(_ name: WireText) -> WireText? {
        query.first { $0.name == name }?.value
    }
}

extension HTTPRequest {
    /// A request with what is known of it, at least its target; nil if that is not well-formed, or has a segment or a
    /// name of more than `nameBytes`.
    public init?(
        method: String = "POST", target bytes: [UInt8], headers: [(name: WireText, value: WireText)] = [],
        body: [UInt8] = [], remoteAddress: String = "", nameBytes: Int
    ) {
        let target = WireText(decoding: bytes)
        guard let split = PercentCoding.split(target, most: nameBytes) else { return nil }
        self.init(
            method: method, target: target, path: split.path, query: split.query, headers: headers, body: body,
            remoteAddress: remoteAddress)
    }
}

/// An answer.
public struct HTTPResponse: Sendable {
    /// The status code.
    public var status: Int
    /// Header lines; the front door adds `Content-Length`, `Date` and `Connection`.
    public var headers: [(name: String, value: String)]
    /// The body.
    public var body: [UInt8]
    /// Closes the connection after the answer: what follows on it cannot be trusted to be a request.
    public var closesConnection = false
    /// False for the answer to a HEAD for something whose length is not known beforehand, such as a stream.
    public var hasLength = true

    /// An answer with a body of some type.
    public init(status: Int, contentType: String = "text/plain; charset=utf-8", body: [UInt8] = []) {
        self.status = status
        headers = [("Content-Type", contentType)]
        self.body = body
    }

    /// The phrase that goes with a status.
    public static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 417: "Expectation Failed"
        case 429: "Too Many Requests"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        default: "Status \(status)"
        }
    }
}

/// Percent-encoding in paths and queries.
enum PercentCoding {
    /// Decodes; nil where a `%` has no two hex digits after it, or the bytes are not UTF-8 or hold a NUL.
    static func decode(_ text: some Sequence<UInt8>, plusIsBlank: Bool) -> WireText? {
        var bytes: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(hex), let low = iterator.next().flatMap(hex) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsBlank: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        guard !bytes.contains(0) else { return nil }
        return WireText(validating: bytes)
    }

    private static func hex(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The path and query of a target, which may be a whole URL (RFC 9112, section 3.2.2).
    private static func local(_ target: WireText) -> Substring.UTF8View {
        if target.utf8.first == UInt8(ascii: "/") { return target.utf8[...] }
        for scheme in ["http://", "https://"] as [WireText]
        where target.prefix(scheme.byteCount).equalsIgnoringASCIICase(scheme) {
            let rest = target.utf8.dropFirst(scheme.byteCount)
            return rest.drop { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        }
        return target.utf8[...]
    }

    /// The segments of a target's path, and the pairs of its query, as they were sent.
    private static func pieces(_ target: WireText) -> (path: [Substring.UTF8View], query: [Substring.UTF8View]) {
        let parts = local(target).split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        return (
            parts[0].split(separator: UInt8(ascii: "/")),
            parts.count == 2 ? parts[1].split(separator: UInt8(ascii: "&")) : []
        )
    }

    /// True when a segment of the path, or the name of a parameter, has more than `nameBytes` when it is decoded.
    static func hasLongName(_ target: WireText, most nameBytes: Int) -> Bool {
        // Whatever it is, a short target has no long name in it.
        guard target.byteCount > nameBytes else { return false }
        let (path, query) = pieces(target)
        return path.contains { decodedCount($0) > nameBytes }
            || query.contains { decodedCount($0.prefix { $0 != UInt8(ascii: "=") }) > nameBytes }
    }

    /// Splits a request's target into decoded segments and decoded query pairs; nil for what is not well-formed, or has
    /// a longer name than ``nameBytes``.
    static func split(
        _ target: WireText, most nameBytes: Int
    ) -> (path: [WireText], query: [(name: WireText, value: WireText)])? {
        guard !hasLongName(target, most: nameBytes) else { return nil }
        // A webhook's target has nothing to decode.
        let isPlain = !target.withBytes { bytes in
            bytes.contains { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "?") || $0 == 0 }
        }
        if isPlain {
            let segments = local(target).split(separator: UInt8(ascii: "/"))
            return (segments.map { WireText(decoding: $0) }, [])
        }
        let (segments, pairs) = pieces(target)
        var path: [WireText] = []
        for segment in segments {
            guard let decoded = decode(segment, plusIsBlank: false) else { return nil }
            path.append(decoded)
        }
        var query: [(name: WireText, value: WireText)] = []
        for pair in pairs {
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decode(sides[0], plusIsBlank: true),
                let value = sides.count == 2 ? decode(sides[1], plusIsBlank: true) : ""
            else { return nil }
            query.append((name, value))
        }
        return (path, query)
    }

    /// The length of a piece when it is decoded, if it can be.
    private static func decodedCount(_ text: Substring.UTF8View) -> Int {
        text.count - 2 * text.count(where: { $0 == UInt8(ascii: "%") })
    }
}
