import Crypto
import CryptoExtras
import Events
import Testing
import Wire

@testable import Access

/// Which forms of keys and signatures are read, and which are not.
@Suite struct KeyFormTests {
    private static let small = Result { try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024)) }
    private static let bytes = Array("what is signed".utf8)

    private func algorithms(pem: String) -> [SignatureAlgorithm] {
        let keys = try? PublicKeys.pem([pem], algorithms: SignatureAlgorithm.publicKey).keys
        return keys?.map(\.algorithm) ?? []
    }

    /// The key that a set of one entry holds; nil if it cannot be used.
    private func webKey(_ entry: String) -> PinnedKey? {
        try? PublicKeys.jwks(#"{"keys":[\#(entry)]}"#).keys.first
    }

    // MARK: PEM

    @Test func publicKeyInPEMIsReadInBothFormsAndWithAnyLineEnds() throws {
        let rsa = try TestKeys.rsa.get().publicKey
        for pem in [rsa.pemRepresentation, rsa.pkcs1PEMRepresentation] {
            for text in [pem, pem + "\n", "\n" + pem, pem.replacing("\n", with: "\r\n")] {
                #expect(algorithms(pem: text) == [.rs256, .rs384, .rs512])
            }
        }
        #expect(algorithms(pem: P256.Signing.PrivateKey().publicKey.pemRepresentation) == [.es256])
        #expect(algorithms(pem: P384.Signing.PrivateKey().publicKey.pemRepresentation) == [.es384])
        #expect(algorithms(pem: Curve25519.Signing.PrivateKey().publicKey.pemRepresentation) == [.edDSA])
    }

    @Test func whatIsNoPublicKeyInPEMIsRefused() throws {
        let rsa = try TestKeys.rsa.get()
        let small = try Self.small.get().publicKey
        let p256 = P256.Signing.PrivateKey()
        let pem = p256.publicKey.pemRepresentation
        let others = [
            small.pemRepresentation, small.pkcs1PEMRepresentation, rsa.pemRepresentation, rsa.pkcs8PEMRepresentation,
            p256.pemRepresentation, Curve25519.Signing.PrivateKey().pemRepresentation,
            P521.Signing.PrivateKey().publicKey.pemRepresentation,
            Curve25519.KeyAgreement.PrivateKey().publicKey.pemRepresentation,
            pem.replacing("PUBLIC KEY", with: "CERTIFICATE"), pem.replacing("PUBLIC KEY", with: "EC PUBLIC KEY"),
            "a key:\n" + pem, pem + "\nand more", pem + "\n" + pem, String(pem.dropLast(40)), "",
        ]
        for other in others { #expect(algorithms(pem: other).isEmpty, "\(other)") }
    }

    // MARK: JSON Web Key

    @Test func numbersOfAWebKeyAreReadInBothAlphabetsAndPadded() throws {
        let rsa = try TestKeys.rsa.get()
        let numbers = try rsa.publicKey.getKeyPrimitives()
        let signature = try Forge.rsa(rsa).sign(Self.bytes)
        let modulus = Array(numbers.modulus)
        for n in [Base64.url.text(modulus), Base64.standard.text(modulus), Base64.url.text([0] + modulus)] {
            let key = try #require(webKey(#"{"kty":"RSA","n":"\#(n)","e":"AQAB"}"#))
            #expect(key.verifies(signature, over: Self.bytes))
        }
        let p256 = P256.Signing.PrivateKey()
        let point = Array(p256.publicKey.rawRepresentation)
        let (x, y) = (Base64.standard.text(point.prefix(32)), Base64.standard.text(point.suffix(32)))
        let padded = try #require(webKey(#"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)"}"#))
        #expect(padded.verifies(try Forge.ecdsa(p256).sign(Self.bytes), over: Self.bytes))
    }

    @Test func webKeyWhoseNumbersAreNoKeyIsLeftAside() throws {
        let modulus = Base64.url.text(Array(try TestKeys.rsa.get().publicKey.getKeyPrimitives().modulus))
        let point = Array(P256.Signing.PrivateKey().publicKey.rawRepresentation)
        func elliptic(_ x: some Collection<UInt8>, _ y: some Collection<UInt8>, curve: String = "P-256") -> String {
            let (x, y) = (Base64.url.text(x), Base64.url.text(y))
            return #"{"kty":"EC","crv":"\#(curve)","x":"\#(x)","y":"\#(y)"}"#
        }
        let (x, y) = (point.prefix(32), point.suffix(32))
        var others = [
            try WebKeyText.rsa(Self.small.get().publicKey), WebKeyText.p521(P521.Signing.PrivateKey().publicKey),
            elliptic(y, x), elliptic(x, y, curve: "P-384"), elliptic([0] + x, y), elliptic(x.dropLast(), [0] + y),
            elliptic(point.prefix(31), point.suffix(33)), elliptic([UInt8](repeating: 0, count: 32), y),
            #"{"kty":"OKP","crv":"Ed25519","x":"\#(Base64.url.text(x.dropLast()))"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"\#(Base64.url.text(point))"}"#,
        ]
        for exponent in ["", "AA", "AQ", "Ag", "AQAC", "AQAB=", "AQA=B", "AQAB AQAB", "AQAB\\n"] {
            others.append(#"{"kty":"RSA","n":"\#(modulus)","e":"\#(exponent)"}"#)
        }
        for other in others { #expect(webKey(other) == nil, "\(other)") }
    }

    @Test(arguments: ["PS256", "PS384", "PS512", "ES512", "HS384", "RS256 ", "rs256", "RSA-OAEP", "none", ""])
    func webKeyForAnotherAlgorithmIsLeftAside(name: String) throws {
        let rsa = try TestKeys.rsa.get().publicKey
        #expect(webKey(try WebKeyText.rsa(rsa, #","alg":"\#(name)""#)) == nil)
        #expect(webKey(try WebKeyText.rsa(rsa, #","alg":"RS512""#))?.algorithm == .rs512)
    }

    // MARK: Signatures

    private func expectNone(_ key: PinnedKey?, verify signatures: [[UInt8]]) throws {
        let key = try #require(key)
        for signature in signatures { #expect(!key.verifies(signature, over: Self.bytes), "\(signature)") }
    }

    @Test func signatureOfAnRSAKeyInAnotherFormIsRefused() throws {
        let rsa = try TestKeys.rsa.get()
        let good = try Forge.rsa(rsa).sign(Self.bytes)
        try expectNone(
            webKey(WebKeyText.rsa(rsa.publicKey)),
            verify: [
                Forge.rsa(rsa, .sha384).sign(Self.bytes), Forge.pss(rsa).sign(Self.bytes), [0] + good, good + [0],
                Array(good.dropLast()), [], good + good,
            ])
    }

    @Test func signatureOfAnEllipticKeyInAnotherFormIsRefused() throws {
        let p256 = P256.Signing.PrivateKey()
        let good = try p256.signature(for: Self.bytes)
        let raw = Array(good.rawRepresentation)
        let zero = [UInt8](repeating: 0, count: 32)
        try expectNone(
            webKey(WebKeyText.p256(p256.publicKey)),
            verify: [
                Array(good.derRepresentation), zero + raw.suffix(32), raw.prefix(32) + zero, raw + [0],
                [0] + raw.prefix(32) + [0] + raw.suffix(32), Array(raw.dropLast()),
                [UInt8](repeating: 0xFF, count: 64), Forge.ecdsa(P384.Signing.PrivateKey()).sign(Self.bytes),
            ])
    }

    /// RFC 8032, section 5.1.7: the second half is below the order of the group, so that there is one text of it only.
    @Test func signatureOfEd25519IsTakenInItsOneFormOnly() throws {
        let edwards = Curve25519.Signing.PrivateKey()
        let good = try Forge.eddsa(edwards).sign(Self.bytes)
        let order: [UInt8] =
            [
                0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
            ] + [UInt8](repeating: 0, count: 15) + [0x10]
        var carry = 0
        let scalar = zip(good.suffix(32), order).map { digit, other in
            carry += Int(digit) + Int(other)
            defer { carry >>= 8 }
            return UInt8(truncatingIfNeeded: carry)
        }
        try expectNone(
            webKey(WebKeyText.ed25519(edwards.publicKey)),
            verify: [good.prefix(32) + scalar, good + [0], Array(good.dropLast()), []])
    }

    @Test func codeOfASharedSecretIsComparedWhole() throws {
        let secret = try SharedSecret(ownSecret.utf8)
        let good = secret.signature(over: Self.bytes)
        let key = PinnedKey(.secret(secret))
        #expect(key.verifies(good, over: Self.bytes))
        try expectNone(key, verify: [[], Array(good.prefix(16)), Array(good.dropLast()), good + [0], good + good])
    }

    // MARK: Names

    @Test func algorithmIsKnownByItsExactNameOnly() {
        for algorithm in SignatureAlgorithm.allCases {
            #expect(SignatureAlgorithm(WireText(algorithm.rawValue)) == algorithm)
        }
        for name in ["none", "es256", "HS384", "HS512", "PS256", "ES512", "ES256K", "EdDSA ", "", "HS256\0"] {
            #expect(SignatureAlgorithm(WireText(name)) == nil, "\(name)")
        }
    }
}
