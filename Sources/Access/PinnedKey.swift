import Events
import JWTKit

/// A key bound to the one algorithm it is used with, so that a token's header can never choose (RFC 8725, 3.1).
struct PinnedKey: Sendable {
    /// As the header's `alg` names it.
    let algorithm: WireText
    /// The key's `kid`; nil for keys that settings give without one.
    let keyID: WireText?
    // jwt-kit hands its algorithms out of an actor. They are taken out once, at set-up, because a token is
    // verified on a loop's thread, which cannot wait.
    private let implementation: any JWTAlgorithm

    /// True when this key has signed `bytes`.
    func verifies(_ signature: [UInt8], over bytes: [UInt8]) -> Bool {
        // What throws here is a signature of the wrong length or shape.
        (try? implementation.verify(signature, signs: bytes)) ?? false
    }

    /// Signs, if the key is a secret.
    func signature(over bytes: [UInt8]) throws -> [UInt8] { try implementation.sign(bytes) }

    /// A secret of HS256 of any length, as LiveKit (whose development key is the word `secret`) and Daily give it.
    static func secret(_ secret: String, keyID: WireText? = nil) async throws(TokenSettingsError) -> PinnedKey {
        guard !secret.isEmpty else { throw TokenSettingsError(setting: "hs256", problem: "the secret is empty") }
        // HMAC fills a key up with zeros to the block of its hash (RFC 2104, section 2). Filling it here leaves
        // every signature as it is, and keeps jwt-kit from trapping on a short key in debug builds.
        var bytes = Array(secret.utf8)
        while bytes.count < Limits.tokenSecretBytes { bytes.append(0) }
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: bytes), digestAlgorithm: .sha256)
        return try await pinned(keys, algorithm: "HS256", keyID: keyID, setting: "hs256")
    }

    /// A secret of our own issuer, which must be long enough to withstand guessing.
    static func strongSecret(_ secret: String) async throws(TokenSettingsError) -> PinnedKey {
        guard secret.utf8.count >= Limits.tokenSecretBytes else {
            throw TokenSettingsError(
                setting: "hs256",
                problem: "the secret has \(secret.utf8.count) bytes; HS256 needs at least \(Limits.tokenSecretBytes)")
        }
        return try await self.secret(secret)
    }

    /// The only key in `keys`, for `algorithm`.
    static func pinned(
        _ keys: JWTKeyCollection, algorithm: String, keyID: WireText?, setting: String
    ) async throws(TokenSettingsError) -> PinnedKey {
        guard let implementation = try? await keys.getKey(alg: algorithm), implementation.name == algorithm else {
            throw TokenSettingsError(setting: setting, problem: "a key cannot be used with \(algorithm)")
        }
        return PinnedKey(algorithm: WireText(algorithm), keyID: keyID, implementation: implementation)
    }
}
