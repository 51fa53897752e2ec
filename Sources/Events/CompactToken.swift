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
    public init?(_ text: some Collection<UInt8>) {
        guard text.count <= Limits.tokenBytes else { return nil }
        self.init(bytes: Array(text))
    }

    // Of one type of collection, so that the compiler specialises what runs over every byte.
    private init?(bytes text: [UInt8]) {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }),
            let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Base64.url.bytes(parts[2])
        else { return nil }
        self.header = header
        self.claims = claims
        self.signature = signature
        signedBytes = Array(text.dropLast(parts[2].count + 1))
    }

    /// The algorithm that the header names. A verifier compares it with the key's own and never follows it.
    public var algorithm: String? { header["alg"]?.string }

    private static func object(_ part: ArraySlice<UInt8>) -> JSONObject? {
        guard let bytes = Base64.url.bytes(part), let value = try? JSONReader.value(bytes) else { return nil }
        return value.object
    }
}
