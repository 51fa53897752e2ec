import Events
import JWTKit

/// One entry of a JSON Web Key Set that can verify signatures (RFC 7517, section 4; RFC 7518, section 6; RFC 8037).
struct WebKey {
    private let keyID: WireText?
    private let algorithm: WireText
    private let members: JSONObject

    /// Reads an entry. Its members decide the one algorithm that it is for; where an RSA key names none it is the
    /// first that `allowed` has for RSA, or RS256.
    init(_ entry: JSONValue, allowed: [String]) throws(TokenSettingsError) {
        guard let members = entry.object, let type = members["kty"]?.string else {
            throw Self.unusable("it has no kty")
        }
        if let use = members["use"], use.string != "sig" { throw Self.unusable("it is not for signatures") }
        if let uses = members["key_ops"], uses.array?.contains(.string("verify")) != true {
            throw Self.unusable("it is not for verifying")
        }
        let fitting = try Self.algorithms(of: type, curve: members["crv"]?.string)
        let named = members["alg"]?.string
        let allowed = allowed.map { WireText($0) }
        let isAllowed = { (name: WireText) in allowed.isEmpty || allowed.contains(name) }
        guard let algorithm = named ?? allowed.first(where: fitting.contains) ?? fitting.first,
            fitting.contains(algorithm), isAllowed(algorithm)
        else { throw Self.unusable("its algorithm does not fit or is not allowed") }
        keyID = members["kid"]?.string
        self.algorithm = algorithm
        self.members = members
    }

    /// The key for verifying. Private members of the entry are left behind.
    func pinned() async throws(TokenSettingsError) -> PinnedKey {
        let identifier = JWKIdentifier(string: keyID?.string ?? "")
        let name = JWK.Algorithm(rawValue: algorithm.string)
        let x = members["x"]?.string?.string
        let jwk: JWK =
            switch algorithm {
            case "EdDSA": .octetKeyPair(name, identifier: identifier, x: x, y: nil, curve: .ed25519)
            case "ES256": .ecdsa(name, identifier: identifier, x: x, y: members["y"]?.string?.string, curve: .p256)
            case "ES384": .ecdsa(name, identifier: identifier, x: x, y: members["y"]?.string?.string, curve: .p384)
            default:
                .rsa(
                    name, identifier: identifier, modulus: members["n"]?.string?.string, exponent: members["e"]?.string?.string)
            }
        let keys = JWTKeyCollection()
        guard (try? await keys.add(jwk: jwk)) != nil else { throw Self.unusable("its numbers are no \(algorithm) key") }
        return try await PinnedKey.pinned(keys, algorithm: algorithm.string, keyID: keyID, setting: "jwks")
    }

    private static func algorithms(of type: WireText, curve: WireText?) throws(TokenSettingsError) -> [WireText] {
        switch (type, curve) {
        case ("RSA", _): return ["RS256", "RS384", "RS512"]
        case ("EC", "P-256"): return ["ES256"]
        case ("EC", "P-384"): return ["ES384"]
        case ("OKP", "Ed25519"): return ["EdDSA"]
        case ("oct", _): throw unusable("a shared secret has no place in a public key set")
        default: throw unusable("its kind or curve is not known")
        }
    }

    private static func unusable(_ problem: String) -> TokenSettingsError {
        TokenSettingsError(setting: "jwks", problem: problem)
    }
}
