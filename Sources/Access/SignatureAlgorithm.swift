internal import Events
package import Wire

/// The algorithms of tokens' signatures that are understood, by their names in a header's `alg` (RFC 7518, section 3.1;
/// RFC 8037, section 3.1).
///
/// This is the only list: settings are checked against it, and keys verify with it.
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
    /// HMAC with SHA-256, by a shared secret.
    case hs256 = "HS256"
    /// RSA of PKCS #1 v1.5, with SHA-256.
    case rs256 = "RS256"
    /// RSA of PKCS #1 v1.5, with SHA-384.
    case rs384 = "RS384"
    /// RSA of PKCS #1 v1.5, with SHA-512.
    case rs512 = "RS512"
    /// ECDSA on P-256, with SHA-256.
    case es256 = "ES256"
    /// ECDSA on P-384, with SHA-384.
    case es384 = "ES384"
    /// Ed25519.
    case edDSA = "EdDSA"

    /// The algorithm of this name, byte for byte; nil for any other.
    package init?(_ name: WireText) {
        guard let algorithm = Self.byName[name] else { return nil }
        self = algorithm
    }

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { (WireText($0.rawValue), $0) })

    /// Those with public keys.
    static let publicKey = allCases.filter { !$0.isSymmetric }

    /// True if the key that verifies can sign, too.
    var isSymmetric: Bool { self == .hs256 }
}
