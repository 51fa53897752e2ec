internal import Events
package import Wire

/// A stored webhook request, to be verified or sent again.
package struct Capture: Sendable {
    /// The name of the capture in its file.
    package let name: WireText?
    /// The request as it was received.
    package let request: WebhookRequest
    /// The time to verify with, if the capture includes one.
    package let verifyAt: WallTime?

    /// A stored request.
    package init(name: WireText?, request: WebhookRequest, verifyAt: WallTime?) {
        self.name = name
        self.request = request
        self.verifyAt = verifyAt
    }

    /// Parses a file of captures: a JSON array, an object with a member `vectors`, a single object, JSON lines, or one
    /// raw HTTP request.
    ///
    /// Each JSON object has `headers`, `body` as text or `bodyBase64`, and optionally `name` and `verifyAt`, Unix
    /// seconds with or without a fraction. If both are given, `bodyBase64` counts, since it can represent any bytes.
    package static func read(_ file: [UInt8]) throws(CaptureError) -> [Capture] {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        switch file.first(where: { !isBlank($0) }) {
        case nil: throw CaptureError(position: nil, problem: "the file is empty")
        case UInt8(ascii: "{"), UInt8(ascii: "["): break
        default: return [try rawRequest(file)]
        }
        let whole: JSONValue
        do { whole = try JSONReader.value(file) } catch { return try lines(file, wholeError: error) }
        if let array = whole.array { return try captures(array) }
        if let vectors = whole.object?["vectors"]?.array { return try captures(vectors) }
        return try captures([whole])
    }

    private static func captures(_ array: [JSONValue]) throws(CaptureError) -> [Capture] {
        var captures: [Capture] = []
        for (index, value) in array.enumerated() {
            captures.append(try capture(value, position: "request \(index + 1)"))
        }
        return captures
    }

    private static func lines(_ file: [UInt8], wholeError: JSONError) throws(CaptureError) -> [Capture] {
        let newline = UInt8(ascii: "\n")
        let lines = file.split(separator: newline, omittingEmptySubsequences: false)
        // If the first line is not JSON, the file was meant as one piece, and the error of the whole explains more.
        let first = lines.first { !$0.allSatisfy { $0 <= 0x20 } } ?? []
        guard (try? JSONReader.value(first)) != nil else {
            throw CaptureError(position: nil, problem: "the file is \(wholeError)")
        }
        var captures: [Capture] = []
        for (index, line) in lines.enumerated() where !line.allSatisfy({ $0 <= 0x20 }) {
            let position = "line \(index + 1)"
            let value: JSONValue
            do { value = try JSONReader.value(line) } catch {
                throw CaptureError(position: position, problem: "\(error)")
            }
            captures.append(try capture(value, position: position))
        }
        return captures
    }

    private static func capture(_ value: JSONValue, position: String) throws(CaptureError) -> Capture {
        guard let object = value.object else {
            throw CaptureError(position: position, problem: "a request is an object with headers and a body")
        }
        guard let headers = object["headers"].flatMap(headers) else {
            throw CaptureError(position: position, problem: "headers should be an object of texts")
        }
        let target = object["target"]?.string ?? "/"
        return Capture(
            name: object["name"]?.string,
            request: WebhookRequest(headers: headers, body: try body(object, position: position), target: target),
            verifyAt: try verifyAt(object, position: position))
    }

    private static func headers(_ value: JSONValue) -> [WebhookRequest.Header]? {
        guard let members = value.object?.members else { return nil }
        var headers: [WebhookRequest.Header] = []
        for member in members {
            // A header that was sent more than once is stored as an array.
            for value in member.value.array ?? [member.value] {
                guard let text = value.string else { return nil }
                headers.append(WebhookRequest.Header(name: member.name, value: text))
            }
        }
        return headers
    }

    private static func body(_ object: JSONObject, position: String) throws(CaptureError) -> [UInt8] {
        if let encoded = object["bodyBase64"]?.string {
            guard let bytes = Base64.standard.bytes(Array(encoded.utf8)) else {
                throw CaptureError(position: position, problem: "bodyBase64 is not base64")
            }
            return bytes
        }
        guard let body = object["body"]?.string else {
            throw CaptureError(position: position, problem: "body (text) or bodyBase64 is missing")
        }
        return Array(body.utf8)
    }

    private static func verifyAt(_ object: JSONObject, position: String) throws(CaptureError) -> WallTime? {
        guard let value = object["verifyAt"], !value.isNull else { return nil }
        guard let time = WireTime.time(seconds: value.double) else {
            throw CaptureError(position: position, problem: "verifyAt should be a time in Unix seconds")
        }
        return time
    }
}

/// An error in a file of captures.
package struct CaptureError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The position, `line 3` or `request 2`; nil if the error concerns the whole file.
    package let position: String?
    /// The problem, as a clause.
    package let problem: String

    /// Position and problem.
    package var description: String { position.map { "\($0): \(problem)" } ?? problem }
}
