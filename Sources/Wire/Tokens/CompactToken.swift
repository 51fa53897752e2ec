/// A JSON Web Token as it came, split and decoded but not yet believed: nothing here checks the signature.
///
/// Reading is strict: three parts of unpadded base64url without spare bits, header and claims JSON objects.
public struct CompactToken: Sendable {
    /// What the token says of itself; believed of it is nothing.
    public let header: JSONObject
    /// Of a claim that stands twice the last one counts, as with every JWT library of the providers' SDKs.
    public let claims: JSONObject
    /// What the signature is over: the first two parts with the dot between them.
    public let signedBytes: [UInt8]
    /// The signature, decoded.
    public let signature: [UInt8]

    /// Splits and decodes; nil if this is no token at all.
    @inlinable public init?(_ text: some Collection<UInt8>) {
        guard text.count <= Limits.tokenBytes else { return nil }
        self.init(bytes: Array(text))
    }

    // Of one type of collection, so that the compiler specialises what runs over every byte.
    @usableFromInline init?(bytes text: [UInt8]) {
        let dot = UInt8(ascii: ".")
        // A third dot would stand in the signature's part, where base64 has none.
        guard let first = text.firstIndex(of: dot), let second = text[(first + 1)...].firstIndex(of: dot),
            second + 1 < text.count,
            let header = Self.object(text[..<first]), let claims = Self.object(text[(first + 1)..<second]),
            let signature = Base64.url.bytes(text[(second + 1)...])
        else { return nil }
        self.header = header
        self.claims = claims
        self.signature = signature
        signedBytes = Array(text[..<second])
    }

    /// The algorithm that the header names. A verifier compares it with the key's own and never follows it.
    public var algorithm: WireText? { header["alg"]?.string }

    private static func object(_ part: ArraySlice<UInt8>) -> JSONObject? {
        guard let bytes = Base64.url.bytes(part), let value = try? JSONReader.value(bytes) else { return nil }
        return value.object
    }
}
