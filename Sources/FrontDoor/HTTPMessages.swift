package import Wire

/// A request as the front door passes it to the handler: complete, well-formed, within the limits.
package struct HTTPRequest: Sendable {
    /// `GET`, `POST`, …
    package let method: String
    /// The target of the request line as it was sent: path and query.
    package let target: WireText
    /// The path's segments, percent-decoded: `/api/rooms/a%2Fb` is `["api", "rooms", "a/b"]`.
    package let path: [WireText]
    /// The query's names and values in order, percent-decoded.
    package let query: [(name: WireText, value: WireText)]
    /// Header lines in order, values without blanks around them.
    package let headers: [(name: WireText, value: WireText)]
    /// The body, raw.
    package let body: [UInt8]
    /// The client's address: the peer's, or, if the peer is a trusted proxy, the address that the proxy reports.
    package let remoteAddress: String

    /// Whether it is an HTTP/1.0 request, which some proxies send by default.
    package var isHTTP10 = false

    /// See ``Framing/isOrdinary``.
    var hasOrdinaryFraming = false

    /// Whether this is the last request on its connection.
    var closesConnection = false

    /// Whether the connection stays open after an answer without a Connection header, and the answer may have a body.
    var isOrdinary: Bool {
        // evhttp treats a target that is a whole URL as a request to a proxy.
        hasOrdinaryFraming && !isHTTP10 && method != "HEAD" && method != "CONNECT" && target.utf8.first == 0x2F
    }

    /// The value of the first header of this name, in any case.
    package func header(_ name: WireText) -> WireText? {
        headers.first { $0.name.equalsIgnoringASCIICase(name) }?.value
    }

    /// The first value of a query parameter.
    package func query(_ name: WireText) -> WireText? {
        query.first { $0.name == name }?.value
    }
}

extension HTTPRequest {
    /// A request of which at least the target is known; nil if the target is not well-formed, or has a segment or a
    /// parameter name longer than `nameBytes`.
    package init?(
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
package struct HTTPResponse: Sendable {
    /// The status code.
    package var status: Int
    /// Header lines; the front door adds `Content-Length`, `Date` and `Connection`.
    package var headers: [(name: String, value: String)]
    /// The body.
    package var body: [UInt8]
    /// Closes the connection after the answer, because further bytes on it may not be a request.
    package var closesConnection = false
    /// False in the answer to a HEAD whose length is not known in advance, as for a stream.
    package var hasLength = true

    /// An answer with a body of some type.
    package init(status: Int, contentType: String = "text/plain; charset=utf-8", body: [UInt8] = []) {
        self.status = status
        headers = [("Content-Type", contentType)]
        self.body = body
    }

    /// The phrase that goes with a status.
    package static func reason(_ status: Int) -> String {
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
    /// Decodes; nil if a `%` has no two hex digits after it, or the result is not UTF-8 or contains a NUL.
    static func decode(_ text: some Sequence<UInt8>, plusIsBlank: Bool) -> WireText? {
        var bytes: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(Hex.value), let low = iterator.next().flatMap(Hex.value) else {
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
        // A short target cannot contain a long name.
        guard target.byteCount > nameBytes else { return false }
        let (path, query) = pieces(target)
        return path.contains { decodedCount($0) > nameBytes }
            || query.contains { decodedCount($0.prefix { $0 != UInt8(ascii: "=") }) > nameBytes }
    }

    /// Splits a request's target into decoded segments and decoded query pairs; nil if it is not well-formed, or has a
    /// name longer than `nameBytes`.
    static func split(
        _ target: WireText, most nameBytes: Int
    ) -> (path: [WireText], query: [(name: WireText, value: WireText)])? {
        guard !hasLongName(target, most: nameBytes) else { return nil }
        // The usual target of a webhook has nothing to decode.
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
