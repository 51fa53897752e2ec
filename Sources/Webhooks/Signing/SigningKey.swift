internal import Crypto
internal import Events

/// A shared secret with which a provider signs: HMAC-SHA256.
struct SigningKey: Sendable {
    private let key: SymmetricKey

    /// A key of these bytes. Some providers mean the secret's text, others what its base64 stands for.
    init(_ bytes: some Sequence<UInt8>) {
        key = SymmetricKey(data: Array(bytes))
    }

    /// The code over `parts` one after another, without joining them first: a body may be large.
    func code(over parts: [UInt8]...) -> [UInt8] {
        Array(authenticationCode(parts))
    }

    /// True when `code` is the code over `parts`. Takes as long for a wrong code as for a right one.
    func signed(_ code: [UInt8], over parts: [UInt8]...) -> Bool {
        ConstantTime.equal(code, Array(authenticationCode(parts)))
    }

    private func authenticationCode(_ parts: [[UInt8]]) -> HMAC<SHA256>.MAC {
        var hmac = HMAC<SHA256>(key: key)
        for part in parts { hmac.update(data: part) }
        return hmac.finalize()
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
    static func equal(_ left: String, _ right: String) -> Bool {
        equal(Array(left.utf8), Array(right.utf8))
    }
}

/// SHA-256 of a body.
enum BodyDigest {
    /// The 32 bytes.
    static func bytes(_ body: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: body)) }

    /// What stands for an event's id where the provider gave none, or one too long to keep: the same body sent
    /// again is the same event.
    static func idempotencyKey(_ body: [UInt8], id: String?) -> String {
        if let id, !id.isEmpty, id.utf8.count <= Limits.nameBytes { return id }
        return "sha256:" + Hex.text(bytes(body))
    }
}
