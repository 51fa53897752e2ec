internal import Events
package import Wire

/// A request as it was received.
package struct WebhookRequest: Sendable {
    /// One header line.
    package struct Header: Sendable, Hashable {
        /// The name as it was written.
        package let name: WireText
        /// The value without blanks around it.
        package let value: WireText

        /// A header line.
        package init(name: WireText, value: WireText) {
            self.name = name
            self.value = value
        }
    }

    /// All header lines in order.
    package var headers: [Header]
    /// The raw bytes, exactly as signed.
    package var body: [UInt8]
    /// The target of the request line: path and query. Some providers sign it.
    package var target: WireText

    /// A request of these parts.
    package init(headers: [Header], body: [UInt8], target: WireText = "/") {
        self.headers = headers
        self.body = body
        self.target = target
    }

    /// The value of the only header of this name, in any case. Nil if there is none, or more than one: what is signed
    /// must be unambiguous.
    package func header(_ name: String) -> WireText? {
        var found: WireText?
        for header in headers
        where header.name.byteCount == name.utf8.count
            && header.name.utf8.elementsEqualIgnoringASCIICase(name.utf8)
        {
            if found != nil { return nil }
            found = header.value
        }
        return found
    }
}

extension WebhookRequest {
    /// True if there is a header of this name, in any case.
    func has(_ name: String) -> Bool {
        headers.contains {
            $0.name.utf8.count == name.utf8.count && $0.name.utf8.elementsEqualIgnoringASCIICase(name.utf8)
        }
    }
}

extension Sequence where Element == UInt8 {
    func elementsEqualIgnoringASCIICase(_ other: some Sequence<UInt8>) -> Bool {
        func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
        return elementsEqual(other) { lower($0) == lower($1) }
    }
}

extension WebhookRequest {
    /// The value of the only header of this name, which must be present and not empty.
    func requiredHeader(_ name: String) throws(Rejection) -> WireText {
        if let value = header(name) {
            guard !value.isEmpty else { throw Rejection(.missingHeader, "The header \(name) is empty.") }
            return value
        }
        if has(name) { throw Rejection(.malformedHeader, "The header \(name) stands more than once.") }
        throw Rejection(.missingHeader, "The header \(name) is missing.")
    }

    /// The parsed body, which must be a JSON object. Call it only once the signature is verified.
    func parsedBody() throws(Rejection) -> ParsedBody {
        let read: (value: JSONValue, hasLoneSurrogates: Bool)
        let text = BodyEncoding.withoutMark(body)
        do { read = try JSONReader.value(text, loneSurrogates: .replaced) } catch {
            if let problem = BodyEncoding.problem(self) { throw Rejection(.malformedBody, problem) }
            throw Rejection(.malformedBody, "The body is \(error).")
        }
        guard let object = read.value.object else {
            throw Rejection(.malformedBody, "The body is not of the provider's shape: it should be an object.")
        }
        return ParsedBody(object: object, bytes: text, hasLoneSurrogates: read.hasLoneSurrogates)
    }
}
