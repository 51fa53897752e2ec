import Access
import CryptoExtras
import Events
import JWTKit

/// The time at which the tests verify: 2026-11-20T20:03:06Z, in seconds and in milliseconds.
let nowSeconds: Int64 = 1_795_205_786
let now: WallTime = nowSeconds * 1000

/// A secret of our own issuer, long enough for HS256.
let ownSecret = "a secret of thirty-two bytes, or more"

/// Signs whatever header and claims a test wants, as an attacker or a sloppy issuer would.
struct Forge: Sendable {
    let algorithm: String
    private let implementation: any JWTAlgorithm

    static func hmac(_ secret: String, _ digest: DigestAlgorithm = .sha256) async throws -> Forge {
        // Filled up with zeros, which HMAC does anyway: jwt-kit asserts that keys are not short.
        var bytes = Array(secret.utf8)
        while bytes.count < 64 { bytes.append(0) }
        return try await Forge(JWTKeyCollection().add(hmac: HMACKey(from: bytes), digestAlgorithm: digest))
    }

    static func ecdsa(_ key: some ECDSAKey) async throws -> Forge {
        try await Forge(JWTKeyCollection().add(ecdsa: key))
    }

    static func eddsa(_ key: EdDSA.PrivateKey) async throws -> Forge {
        try await Forge(JWTKeyCollection().add(eddsa: key))
    }

    static func rsa(_ key: JWTKit.Insecure.RSA.PrivateKey, _ digest: DigestAlgorithm = .sha256) async throws -> Forge {
        try await Forge(JWTKeyCollection().add(rsa: key, digestAlgorithm: digest))
    }

    private init(_ keys: JWTKeyCollection) async throws {
        implementation = try await keys.getKey()
        algorithm = implementation.name
    }

    /// A token of these JSON texts; the header is the usual one unless given.
    func token(_ claims: String, header: String? = nil) throws -> String {
        let signed = Self.unsigned(header: header ?? #"{"alg":"\#(algorithm)","typ":"JWT"}"#, claims)
        return try signed + "." + Base64.url.text(implementation.sign(Array(signed.utf8)))
    }

    /// Header and claims without a signature.
    static func unsigned(header: String, _ claims: String) -> String {
        Base64.url.text(Array(header.utf8)) + "." + Base64.url.text(Array(claims.utf8))
    }
}

/// Keys that take long to make, made once.
enum TestKeys {
    static let rsa = Result { try JWTKit.Insecure.RSA.PrivateKey(backing: _RSA.Signing.PrivateKey(keySize: .bits2048)) }
}

/// Claims of an own token that is good at ``now``, with `extra` members before them or `roomwire` instead.
func ownClaims(_ extra: String = "", grant: String = #"{"rooms":["call_*"]}"#) -> String {
    #"{\#(extra)"sub":"ada","exp":\#(nowSeconds + 60),"roomwire":\#(grant)}"#
}

extension TokenVerifier {
    /// A verifier of own tokens.
    static func own(
        leewaySeconds: Int = 10, requireExpiry: Bool = true, _ change: (inout IssuerSettings) -> Void = { _ in }
    ) async throws -> TokenVerifier {
        var issuer = IssuerSettings(name: "own", hs256: ownSecret)
        change(&issuer)
        return try await make(
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
