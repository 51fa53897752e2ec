internal import Crypto
internal import Events

/// A shared secret with which a provider signs: HMAC-SHA256.
struct SigningKey: Sendable {
    /// Has taken in the key, which is half of the work for a short text. Each code is made with a copy.
    private let keyed: HMAC<SHA256>

    /// A key of these bytes. Some providers mean the secret's text, others what its base64 stands for.
    init(_ bytes: some Sequence<UInt8>) {
        keyed = HMAC(key: SymmetricKey(data: Array(bytes)))
    }

    /// The code over `first` and `second` one after another, without joining them first: a body may be large.
    func code(over first: [UInt8], _ second: [UInt8] = []) -> [UInt8] {
        var hmac = keyed
        hmac.update(data: first)
        if !second.isEmpty { hmac.update(data: second) }
        return hmac.finalize().withUnsafeBytes(Array.init)
    }

    /// True when `code` is the code over `first` and `second`. Takes as long for a wrong code as for a right one.
    func signed(_ code: [UInt8], over first: [UInt8], _ second: [UInt8] = []) -> Bool {
        ConstantTime.equal(code, self.code(over: first, second))
    }
}

/// Comparisons whose duration tells nothing about where two values differ.
enum ConstantTime {
    /// True when both hold the same bytes. Only the lengths, which are no secret, decide how long it takes.
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

    /// What stands for an event's id where the provider gave none, or one too long to keep: the same body sent
    /// again is the same event.
    static func idempotencyKey(_ body: [UInt8], id: WireText?) -> WireText {
        if let id, !id.isEmpty, id.byteCount <= Limits.nameBytes { return id }
        return "sha256:\(Hex.text(bytes(body)))"
    }
}
