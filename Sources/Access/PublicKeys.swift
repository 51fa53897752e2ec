import Events
internal import Wire

/// The public keys of one issuer, each pinned to its algorithm.
package struct PublicKeys: Sendable {
    let keys: [PinnedKey]
    /// How many there are.
    package var count: Int { keys.count }
    /// Why keys of a set were left aside, one sentence each: keys for encryption, of unknown kinds, and secrets.
    package let ignored: [String]

    /// Reads a JSON Web Key Set (RFC 7517).
    ///
    /// What is not understood is left aside, as section 5 asks. So are secrets (`oct`): whoever can read the set
    /// could sign with them. Of private keys only the public half is taken.
    /// - Parameter algorithms: those allowed; empty for all with public keys.
    package static func jwks(
        _ json: String, algorithms: [SignatureAlgorithm] = []
    ) throws(TokenSettingsError) -> PublicKeys {
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
                keys.append(try WebKey(entry, allowed: algorithms).pinned())
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
    package static func pem(
        _ texts: [String], algorithms: [SignatureAlgorithm] = []
    ) throws(TokenSettingsError) -> PublicKeys {
        var keys: [PinnedKey] = []
        for text in texts {
            let usable = try PinnedKey.publicKeys(pem: text).filter { key in
                algorithms.isEmpty
                    ? key.algorithm != .rs384 && key.algorithm != .rs512
                    : algorithms.contains(key.algorithm)
            }
            guard !usable.isEmpty else {
                throw TokenSettingsError(
                    setting: "public_keys", problem: "a key fits none of the algorithms \(algorithms.map(\.rawValue))")
            }
            keys += usable
        }
        return PublicKeys(keys: keys, ignored: [])
    }
}
