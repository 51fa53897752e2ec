import Access
import Crypto
import CryptoExtras
import Events
import TestSupport
import Wire

/// The time at which the tests verify: 2026-11-20T20:03:06Z, in seconds and in milliseconds.
let nowSeconds: Int64 = 1_795_205_786
let now = WallTime(milliseconds: nowSeconds * 1000)

/// A secret of our own issuer, long enough for HS256.
let ownSecret = "a secret of thirty-two bytes, or more"

/// Signs whatever header and claims a test wants, as an attacker or a sloppy issuer would.
struct Forge: Sendable {
    /// The hashes of signatures.
    enum Digest: String {
        case sha256 = "256"
        case sha384 = "384"
        case sha512 = "512"
    }

    let algorithm: String
    let sign: @Sendable ([UInt8]) throws -> [UInt8]

    static func hmac(_ secret: String, _ digest: Digest = .sha256) -> Forge {
        Forge(algorithm: "HS" + digest.rawValue) { bytes in
            let key = SymmetricKey(data: Array(secret.utf8))
            return switch digest {
            case .sha256: Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key))
            case .sha384: Array(HMAC<SHA384>.authenticationCode(for: bytes, using: key))
            case .sha512: Array(HMAC<SHA512>.authenticationCode(for: bytes, using: key))
            }
        }
    }

    static func ecdsa(_ key: P256.Signing.PrivateKey) -> Forge {
        Forge(algorithm: "ES256") { Array(try key.signature(for: $0).rawRepresentation) }
    }

    static func ecdsa(_ key: P384.Signing.PrivateKey) -> Forge {
        Forge(algorithm: "ES384") { Array(try key.signature(for: $0).rawRepresentation) }
    }

    static func eddsa(_ key: Curve25519.Signing.PrivateKey) -> Forge {
        Forge(algorithm: "EdDSA") { Array(try key.signature(for: $0)) }
    }

    static func rsa(_ key: _RSA.Signing.PrivateKey, _ digest: Digest = .sha256) -> Forge {
        rsa(key, digest, "RS", .insecurePKCS1v1_5)
    }

    static func pss(_ key: _RSA.Signing.PrivateKey, _ digest: Digest = .sha256) -> Forge {
        rsa(key, digest, "PS", .PSS)
    }

    private static func rsa(
        _ key: _RSA.Signing.PrivateKey, _ digest: Digest, _ prefix: String, _ padding: _RSA.Signing.Padding
    ) -> Forge {
        Forge(algorithm: prefix + digest.rawValue) { bytes in
            let signature =
                switch digest {
                case .sha256: try key.signature(for: SHA256.hash(data: bytes), padding: padding)
                case .sha384: try key.signature(for: SHA384.hash(data: bytes), padding: padding)
                case .sha512: try key.signature(for: SHA512.hash(data: bytes), padding: padding)
                }
            return Array(signature.rawRepresentation)
        }
    }

    /// A token of these JSON texts; the header is the usual one unless given.
    func token(_ claims: String, header: String? = nil) throws -> String {
        let signed = Self.unsigned(header: header ?? #"{"alg":"\#(algorithm)","typ":"JWT"}"#, claims)
        return try signed + "." + Base64.url.text(sign(Array(signed.utf8)))
    }

    /// Header and claims without a signature.
    static func unsigned(header: String, _ claims: String) -> String {
        Base64.url.text(Array(header.utf8)) + "." + Base64.url.text(Array(claims.utf8))
    }
}

/// Keys that take long to make, made once.
enum TestKeys {
    static let rsa = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }
}

/// Public keys as entries of a JSON Web Key Set, each with further members if there are any.
enum WebKeyText {
    static func p256(_ key: P256.Signing.PublicKey, _ members: String = "") -> String {
        elliptic("P-256", Array(key.rawRepresentation), members)
    }

    static func p384(_ key: P384.Signing.PublicKey, _ members: String = "") -> String {
        elliptic("P-384", Array(key.rawRepresentation), members)
    }

    static func p521(_ key: P521.Signing.PublicKey, _ members: String = "") -> String {
        elliptic("P-521", Array(key.rawRepresentation), members)
    }

    static func ed25519(_ key: Curve25519.Signing.PublicKey, _ members: String = "") -> String {
        #"{"kty":"OKP","crv":"Ed25519","x":"\#(Base64.url.text(Array(key.rawRepresentation)))"\#(members)}"#
    }

    static func rsa(_ key: _RSA.Signing.PublicKey, _ members: String = "") throws -> String {
        let numbers = try key.getKeyPrimitives()
        let (n, e) = (Base64.url.text(Array(numbers.modulus)), Base64.url.text(Array(numbers.publicExponent)))
        return #"{"kty":"RSA","n":"\#(n)","e":"\#(e)"\#(members)}"#
    }

    private static func elliptic(_ curve: String, _ point: [UInt8], _ members: String) -> String {
        let (x, y) = (Base64.url.text(point.prefix(point.count / 2)), Base64.url.text(point.suffix(point.count / 2)))
        return #"{"kty":"EC","crv":"\#(curve)","x":"\#(x)","y":"\#(y)"\#(members)}"#
    }
}

/// Claims of an own token that is good at ``now``, with `extra` members before them or `roomwire` instead.
func ownClaims(_ extra: String = "", grant: String = #"{"rooms":["call_*"]}"#) -> String {
    #"{\#(extra)"sub":"ada","exp":\#(nowSeconds + 60),"roomwire":\#(grant)}"#
}

extension TokenVerifier {
    /// A verifier of own tokens.
    static func own(
        leewaySeconds: Int = 10, requireExpiry: Bool = true, _ change: (inout IssuerSettings) -> Void = { _ in }
    ) throws -> TokenVerifier {
        var issuer = IssuerSettings(name: "own", hs256: ownSecret)
        change(&issuer)
        return try TokenVerifier(
            TokenSettings(issuers: [issuer], leewayMilliseconds: leewaySeconds * 1000, requireExpiry: requireExpiry))
    }

    /// Why it refuses `token`; nil if it does not.
    func refusal(_ token: String, now: WallTime = now) -> AccessRefusal.Reason? {
        do {
            _ = try identity(WireText(token), now: now)
            return nil
        } catch { return error.reason }
    }
}
