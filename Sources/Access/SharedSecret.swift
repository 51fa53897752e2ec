import Crypto
import Events
internal import Wire

/// A secret of HS256: HMAC with SHA-256. It verifies, and makes the signatures of our own tokens.
struct SharedSecret: Sendable {
    /// Has consumed the key, which is half of the work for a short text. Each code is made with a copy.
    private let keyed: HMAC<SHA256>

    /// A secret of any length, as LiveKit (whose development key is the word `secret`) and Daily give it.
    init(_ bytes: some Collection<UInt8>) throws(TokenSettingsError) {
        guard !bytes.isEmpty else { throw TokenSettingsError(setting: "hs256", problem: "the secret is empty") }
        keyed = HMAC(key: SymmetricKey(data: Array(bytes)))
    }

    /// A secret of our own issuer, which must be long enough to withstand guessing.
    init(strong secret: String) throws(TokenSettingsError) {
        let bytes = Array(secret.utf8)
        guard bytes.count >= Limits.tokenSecretBytes else {
            throw TokenSettingsError(
                setting: "hs256",
                problem: "the secret has \(bytes.count) bytes; HS256 needs at least \(Limits.tokenSecretBytes)")
        }
        try self.init(bytes)
    }

    /// True when `signature` is that of `bytes`. The comparison takes as long wherever the two differ.
    func verifies(_ signature: [UInt8], over bytes: [UInt8]) -> Bool { code(over: bytes) == signature }

    /// The signature of `bytes`.
    func signature(over bytes: [UInt8]) -> [UInt8] { Array(code(over: bytes)) }

    private func code(over bytes: [UInt8]) -> HMAC<SHA256>.MAC {
        var hmac = keyed
        hmac.update(data: bytes)
        return hmac.finalize()
    }
}
