internal import Crypto
internal import Events
internal import Wire

/// A shared secret with which a provider signs: HMAC-SHA256.
struct SigningKey: Sendable {
    /// HMAC's state after the key, which is half of the work for a short text. Each code is computed from a copy.
    private let keyed: HMAC<SHA256>

    /// A key of these bytes. For some providers these are the secret's text, for others its decoded base64.
    init(_ bytes: some Sequence<UInt8>) {
        keyed = HMAC(key: SymmetricKey(data: Array(bytes)))
    }

    /// The code over the concatenation of `first` and `second`, computed without joining them, since a body may be
    /// large.
    func code(over first: [UInt8], _ second: [UInt8] = []) -> [UInt8] {
        var hmac = keyed
        hmac.update(data: first)
        if !second.isEmpty { hmac.update(data: second) }
        return hmac.finalize().withUnsafeBytes(Array.init)
    }

    /// The length of every code.
    static let codeBytes = 32

    /// True when `code` is the code over `first` and `second`. A wrong code takes as long as a right one; a code of
    /// another length is not computed.
    func signed(_ code: [UInt8], over first: [UInt8], _ second: [UInt8] = []) -> Bool {
        code.count == Self.codeBytes && ConstantTime.equal(code, self.code(over: first, second))
    }
}

/// Comparisons whose duration does not reveal where two values differ.
enum ConstantTime {
    /// True when both contain the same bytes. The duration depends only on the lengths, which are not secret.
    static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }

    /// True when both are the same text, byte for byte.
    static func equal(_ left: WireText, _ right: String) -> Bool {
        equal(Array(left.utf8), Array(right.utf8))
    }
}

/// SHA-256 of a body.
enum BodyDigest {
    /// The 32 bytes.
    static func bytes(_ body: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        body.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().withUnsafeBytes(Array.init)
    }

    /// The event's id, or a hash of the body if the provider sent none or one that is too long: the same body sent
    /// again is the same event.
    static func idempotencyKey(_ body: [UInt8], id: WireText?) -> WireText {
        if let id, !id.isEmpty, id.byteCount <= Limits.nameBytes { return id }
        return "sha256:\(Hex.text(bytes(body)))"
    }
}
