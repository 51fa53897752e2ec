/// A JSON Web Token, split and decoded but not verified: nothing here checks the signature.
///
/// Decoding is strict: three parts of unpadded base64url without spare bits; header and claims are JSON objects.
public struct CompactToken: Sendable {
    /// The header. Nothing in it is verified.
    public let header: JSONObject
    /// The claims. Of a claim that is given twice the last one counts, as in every JWT library of the providers' SDKs.
    public let claims: JSONObject
    /// The bytes that are signed: the first two parts with the dot between them.
    public let signedBytes: [UInt8]
    /// The signature, decoded.
    public let signature: [UInt8]

    /// Splits and decodes; nil if the text is not a token.
    @inlinable public init?(_ text: some Collection<UInt8>) {
        guard text.count <= Limits.tokenBytes else { return nil }
        self.init(bytes: Array(text))
    }

    // For one type of collection, so that the compiler specialises the loops over every byte.
    @usableFromInline init?(bytes text: [UInt8]) {
        let dot = UInt8(ascii: ".")
        // A third dot would be in the signature's part, where base64url does not allow it.
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

    /// The algorithm that the header names. A verifier compares it with the key's own and never uses it to choose one.
    public var algorithm: WireText? { header["alg"]?.string }

    private static func object(_ part: ArraySlice<UInt8>) -> JSONObject? {
        guard let bytes = Base64.url.bytes(part), let value = try? JSONReader.value(bytes) else { return nil }
        return value.object
    }
}
