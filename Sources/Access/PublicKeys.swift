import Events
import JWTKit

/// The public keys of one issuer, each pinned to its algorithm.
public struct PublicKeys: Sendable {
    /// The algorithms with public keys that are understood (RFC 7518, section 3.1; RFC 8037).
    public static let algorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA"]

    let keys: [PinnedKey]
    /// How many there are.
    public var count: Int { keys.count }
    /// Why keys of a set were left aside, one sentence each: keys for encryption, of unknown kinds, and secrets.
    public let ignored: [String]

    /// Reads a JSON Web Key Set (RFC 7517).
    ///
    /// What is not understood is left aside, as section 5 asks. So are secrets (`oct`): whoever can read the set
    /// could sign with them. Of private keys only the public half is taken.
    /// - Parameter algorithms: those allowed; empty for all of ``algorithms``.
    public static func jwks(
        _ json: String, algorithms: [String] = []
    ) async throws(TokenSettingsError) -> PublicKeys {
        guard let list = try? JSONReader.value(json).object?["keys"]?.array else {
            throw TokenSettingsError(setting: "jwks", problem: "not a JSON object with a list \"keys\"")
        }
        guard list.count <= Limits.issuerKeys else {
            throw TokenSettingsError(setting: "jwks", problem: "more than \(Limits.issuerKeys) keys")
        }
        var keys: [PinnedKey] = []
        var ignored: [String] = []
        for (index, entry) in list.enumerated() {
            do {
                keys.append(try await WebKey(entry, allowed: algorithms).pinned())
            } catch {
                ignored.append("key \(index + 1): \(error.problem)")
            }
        }
        guard !keys.isEmpty else {
            let reasons = ignored.isEmpty ? "" : " (\(ignored.joined(separator: "; ")))"
            throw TokenSettingsError(setting: "jwks", problem: "no key can be used\(reasons)")
        }
        return PublicKeys(keys: keys, ignored: ignored)
    }

    /// Reads public keys from PEM, one a text.
    /// - Parameter algorithms: those allowed; empty for RS256 with RSA keys and whatever fits the others.
    public static func pem(
        _ texts: [String], algorithms: [String] = []
    ) async throws(TokenSettingsError) -> PublicKeys {
        var keys: [PinnedKey] = []
        for text in texts {
            let usable = try await pinned(pem: text).filter { key in
                algorithms.isEmpty ? !["RS384" as WireText, "RS512"].contains(key.algorithm) : algorithms.contains(key.algorithm.string)
            }
            guard !usable.isEmpty else {
                throw TokenSettingsError(
                    setting: "public_keys", problem: "a key fits none of the algorithms \(algorithms)")
            }
            keys += usable
        }
        return PublicKeys(keys: keys, ignored: [])
    }

    /// One key under each algorithm that it can be used with.
    private static func pinned(pem: String) async throws(TokenSettingsError) -> [PinnedKey] {
        guard pem.contains("-----BEGIN PUBLIC KEY-----") || pem.contains("-----BEGIN RSA PUBLIC KEY-----") else {
            throw TokenSettingsError(setting: "public_keys", problem: "not a public key in PEM")
        }
        func pinned(
            _ algorithm: String, _ add: (JWTKeyCollection) async -> Void
        ) async throws(TokenSettingsError) -> PinnedKey {
            let keys = JWTKeyCollection()
            await add(keys)
            return try await PinnedKey.pinned(keys, algorithm: algorithm, keyID: nil, setting: "public_keys")
        }
        if let key = try? EdDSA.PublicKey(pem: pem) {
            return [try await pinned("EdDSA") { await $0.add(eddsa: key) }]
        }
        if let key = try? ES256PublicKey(pem: pem) { return [try await pinned("ES256") { await $0.add(ecdsa: key) }] }
        if let key = try? ES384PublicKey(pem: pem) { return [try await pinned("ES384") { await $0.add(ecdsa: key) }] }
        if let key = try? Insecure.RSA.PublicKey(pem: pem) {
            return [
                try await pinned("RS256") { await $0.add(rsa: key, digestAlgorithm: .sha256) },
                try await pinned("RS384") { await $0.add(rsa: key, digestAlgorithm: .sha384) },
                try await pinned("RS512") { await $0.add(rsa: key, digestAlgorithm: .sha512) },
            ]
        }
        throw TokenSettingsError(
            setting: "public_keys",
            problem: "a key is not RSA of 2048 bits or more, P-256, P-384 or Ed25519")
    }
}
