internal import Events
internal import Wire

extension Capture {
    /// Parses one HTTP request as on the wire: request line, headers, an empty line, the body. Lines may end with or
    /// without a carriage return, since editors remove them.
    static func rawRequest(_ file: [UInt8]) throws(CaptureError) -> Capture {
        var rest = file[...]
        guard let requestLine = popLine(&rest), let target = target(requestLine) else {
            throw CaptureError(
                position: "line 1", problem: "neither JSON nor the first line of an HTTP request (POST /path HTTP/1.1)")
        }
        var headers: [WebhookRequest.Header] = []
        var lineNumber = 1
        while true {
            lineNumber += 1
            guard let line = popLine(&rest) else {
                throw CaptureError(position: nil, problem: "no empty line stands between the headers and the body")
            }
            if line.isEmpty { break }
            guard let header = header(line) else {
                throw CaptureError(position: "line \(lineNumber)", problem: "a header (name: value) should stand here")
            }
            headers.append(header)
        }
        var request = WebhookRequest(headers: headers, body: [], target: target)
        request.body = try body(rest, of: request)
        return Capture(name: nil, request: request, verifyAt: nil)
    }

    private static func popLine(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = rest[..<end]
        rest = rest[(end + 1)...]
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    private static func target(_ line: ArraySlice<UInt8>) -> WireText? {
        let words = line.split(separator: 0x20)
        guard words.count == 3, words[2].starts(with: "HTTP/".utf8) else { return nil }
        return WireText(validating: words[1])
    }

    private static func header(_ line: ArraySlice<UInt8>) -> WebhookRequest.Header? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            let name = WireText(validating: line[..<colon]),
            let value = WireText(validating: line[(colon + 1)...])
        else { return nil }
        return WebhookRequest.Header(name: name, value: value.trimmingBlanks())
    }

    /// The body: as many bytes as Content-Length says, since an editor may have added a newline at the end; without
    /// Content-Length all bytes.
    private static func body(
        _ rest: ArraySlice<UInt8>, of request: WebhookRequest
    ) throws(CaptureError) -> [UInt8] {
        if request.header("Transfer-Encoding") != nil {
            throw CaptureError(position: nil, problem: "a body in chunks cannot be read; keep it whole")
        }
        guard let length = request.header("Content-Length") else { return Array(rest) }
        guard let count = Int(length.string), count >= 0, count <= rest.count else {
            throw CaptureError(
                position: nil, problem: "Content-Length says \(length) bytes, but \(rest.count) follow the headers")
        }
        return Array(rest.prefix(count))
    }
}
