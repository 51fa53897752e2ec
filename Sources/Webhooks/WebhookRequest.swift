internal import Events
public import Wire

/// A request as it came in.
public struct WebhookRequest: Sendable {
    /// One header line.
    public struct Header: Sendable, Hashable {
        /// The name as it was written.
        public let name: WireText
        /// The value without blanks around it.
        public let value: WireText

        /// A header line.
        public init(name: WireText, value: WireText) {
            self.name = name
            self.value = value
        }
    }

    /// All header lines in order.
    public var headers: [Header]
    /// The raw bytes, just as they were signed.
    public var body: [UInt8]
    /// The target of the request line: path and query. Some providers sign it.
    public var target: WireText

    /// A request of these parts.
    public init(headers: [Header], body: [UInt8], target: WireText = "/") {
        self.headers = headers
        self.body = body
        self.target = target
    }

    /// The value of the only header of this name, in any case. Nil if there is none, or more than one: what is
    /// signed must not be open to interpretation.
    public func header(_ name: String) -> WireText? {
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

extension Sequence where Element == UInt8 {
    func elementsEqualIgnoringASCIICase(_ other: some Sequence<UInt8>) -> Bool {
        func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
        return elementsEqual(other) { lower($0) == lower($1) }
    }
}

extension WebhookRequest {
    /// The value of the only header of this name, which must be there and must not be empty.
    func requiredHeader(_ name: String) throws(Rejection) -> WireText {
        if let value = header(name) {
            guard !value.isEmpty else { throw Rejection(.missingHeader, "The header \(name) is empty.") }
            return value
        }
        let isRepeated = headers.contains { $0.name.utf8.elementsEqualIgnoringASCIICase(name.utf8) }
        if isRepeated { throw Rejection(.malformedHeader, "The header \(name) stands more than once.") }
        throw Rejection(.missingHeader, "The header \(name) is missing.")
    }

    /// The body, which must be JSON and an object. To be asked only once the signature holds.
    func jsonObject() throws(Rejection) -> JSONObject {
        let value: JSONValue
        do { value = try JSONReader.value(body) } catch {
            throw Rejection(.malformedBody, "The body is \(error).")
        }
        guard let object = value.object else {
            throw Rejection(.malformedBody, "The body is not of the provider's shape: it should be an object.")
        }
        return object
    }
}
