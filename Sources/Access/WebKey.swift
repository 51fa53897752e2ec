import Crypto
import CryptoExtras
import Events
internal import Wire

/// One entry of a JSON Web Key Set that can verify signatures (RFC 7517, section 4; RFC 7518, section 6; RFC 8037).
struct WebKey {
    private let keyID: WireText?
    private let algorithm: SignatureAlgorithm
    private let members: JSONObject

    /// Reads an entry. Its members decide the one algorithm that it is for; where an RSA key names none it is the
    /// first that `allowed` has for RSA, or RS256.
    init(_ entry: JSONValue, allowed: [SignatureAlgorithm]) throws(TokenSettingsError) {
        guard let members = entry.object, let type = members["kty"]?.string else {
            throw Self.unusable("it has no kty")
        }
        if let use = members["use"], use.string != "sig" { throw Self.unusable("it is not for signatures") }
        if let uses = members["key_ops"], uses.array?.contains(.string("verify")) != true {
            throw Self.unusable("it is not for verifying")
        }
        let fitting = try Self.algorithms(of: type, curve: members["crv"]?.string)
        let named = members["alg"]?.string
        let preferred = allowed.first(where: fitting.contains) ?? fitting.first
        guard let chosen = named == nil ? preferred : named.flatMap({ name in SignatureAlgorithm(name) }),
            fitting.contains(chosen), allowed.isEmpty || allowed.contains(chosen)
        else { throw Self.unusable("its algorithm does not fit or is not allowed") }
        keyID = members["kid"]?.string
        algorithm = chosen
        self.members = members
    }

    /// The key for verifying. Private members of the entry are left behind.
    func pinned() throws(TokenSettingsError) -> PinnedKey {
        guard let material else { throw Self.unusable("its numbers are no \(algorithm.rawValue) key") }
        return PinnedKey(material, keyID: keyID)
    }

    /// Nil if the numbers are missing or are no such key: RSA of less than 2048 bits, or a point that is not on the curve.
    private var material: PinnedKey.Material? {
        switch algorithm {
        case .hs256: nil
        case .rs256: rsa.map { .rsa($0, .sha256) }
        case .rs384: rsa.map { .rsa($0, .sha384) }
        case .rs512: rsa.map { .rsa($0, .sha512) }
        case .es256: point(32).flatMap { try? P256.Signing.PublicKey(x963Representation: $0) }.map { .p256($0) }
        case .es384: point(48).flatMap { try? P384.Signing.PublicKey(x963Representation: $0) }.map { .p384($0) }
        case .edDSA:
            number("x").flatMap { try? Curve25519.Signing.PublicKey(rawRepresentation: $0) }.map { .ed25519($0) }
        }
    }

    private var rsa: _RSA.Signing.PublicKey? {
        guard let modulus = number("n"), let exponent = number("e") else { return nil }
        return try? _RSA.Signing.PublicKey(n: modulus, e: exponent)
    }

    /// An uncompressed point (SEC 1, section 2.3.4), of coordinates of this length each (RFC 7518, section 6.2.1.2).
    private func point(_ coordinateBytes: Int) -> [UInt8]? {
        guard let x = number("x"), let y = number("y"), x.count == coordinateBytes, y.count == coordinateBytes else {
            return nil
        }
        return [4] + x + y
    }

    /// A member that holds bytes. Some issuers publish them padded, or in the other alphabet of base64.
    private func number(_ name: WireText) -> [UInt8]? {
        guard let text = members[name]?.string else { return nil }
        var letters = text.utf8.map { letter in
            switch letter {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: letter
            }
        }
        if letters.count % 4 == 0 {
            for _ in 0..<2 where letters.last == UInt8(ascii: "=") { letters.removeLast() }
        }
        return Base64.url.bytes(letters)
    }

    private static func algorithms(
        of type: WireText, curve: WireText?
    ) throws(TokenSettingsError) -> [SignatureAlgorithm] {
        switch (type, curve) {
        case ("RSA", _): return [.rs256, .rs384, .rs512]
        case ("EC", "P-256"): return [.es256]
        case ("EC", "P-384"): return [.es384]
        case ("OKP", "Ed25519"): return [.edDSA]
        case ("oct", _): throw unusable("a shared secret has no place in a public key set")
        default: throw unusable("its kind or curve is not known")
        }
    }

    private static func unusable(_ problem: String) -> TokenSettingsError {
        TokenSettingsError(setting: "jwks", problem: problem)
    }
}
