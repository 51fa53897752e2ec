import Crypto
import CryptoExtras
import Events
internal import Wire

/// A key bound to the one algorithm it is used with, so that a token's header can never choose (RFC 8725, 3.1).
struct PinnedKey: Sendable {
    /// A key for verifying. The case decides the algorithm: no key can be used with another.
    enum Material: Sendable {
        case secret(SharedSecret)
        case rsa(_RSA.Signing.PublicKey, RSAHash)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    /// The hash of a signature with an RSA key, which does not follow from the key.
    enum RSAHash: Sendable, CaseIterable {
        case sha256, sha384, sha512

        var algorithm: SignatureAlgorithm {
            switch self {
            case .sha256: .rs256
            case .sha384: .rs384
            case .sha512: .rs512
            }
        }
    }

    /// The only one that the key verifies.
    let algorithm: SignatureAlgorithm
    /// The key's `kid`; nil for keys that settings give without one.
    let keyID: WireText?
    private let material: Material

    init(_ material: Material, keyID: WireText? = nil) {
        algorithm =
            switch material {
            case .secret: .hs256
            case .rsa(_, let hash): hash.algorithm
            case .p256: .es256
            case .p384: .es384
            case .ed25519: .edDSA
            }
        self.keyID = keyID
        self.material = material
    }

    /// True when this key has signed `bytes`. A signature of the wrong length or form is one that it has not made.
    func verifies(_ signature: [UInt8], over bytes: [UInt8]) -> Bool {
        switch material {
        case .secret(let secret):
            return secret.verifies(signature, over: bytes)
        case .rsa(let key, let hash):
            return Self.verifies(key, hash, signature, over: bytes)
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA256.hash(data: bytes))
        case .p384(let key):
            guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA384.hash(data: bytes))
        case .ed25519(let key):
            return key.isValidSignature(signature, for: bytes)
        }
    }

    private static func verifies(
        _ key: _RSA.Signing.PublicKey, _ hash: RSAHash, _ signature: [UInt8], over bytes: [UInt8]
    ) -> Bool {
        let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
        return switch hash {
        case .sha256:
            key.isValidSignature(signature, for: SHA256.hash(data: bytes), padding: .insecurePKCS1v1_5)
        case .sha384:
            key.isValidSignature(signature, for: SHA384.hash(data: bytes), padding: .insecurePKCS1v1_5)
        case .sha512:
            key.isValidSignature(signature, for: SHA512.hash(data: bytes), padding: .insecurePKCS1v1_5)
        }
    }
}

extension PinnedKey {
    /// The public keys of a PEM text: one key, under each algorithm that it can be used with.
    static func publicKeys(pem: String) throws(TokenSettingsError) -> [PinnedKey] {
        // A certificate is no key: nothing here would check who has signed it, or until when it is valid.
        guard pem.contains("-----BEGIN PUBLIC KEY-----") || pem.contains("-----BEGIN RSA PUBLIC KEY-----") else {
            throw TokenSettingsError(setting: "public_keys", problem: "not a public key in PEM")
        }
        if let key = try? Curve25519.Signing.PublicKey(pemRepresentation: pem) { return [PinnedKey(.ed25519(key))] }
        if let key = try? P256.Signing.PublicKey(pemRepresentation: pem) { return [PinnedKey(.p256(key))] }
        if let key = try? P384.Signing.PublicKey(pemRepresentation: pem) { return [PinnedKey(.p384(key))] }
        if let key = try? _RSA.Signing.PublicKey(pemRepresentation: pem) {
            return RSAHash.allCases.map { PinnedKey(.rsa(key, $0)) }
        }
        throw TokenSettingsError(
            setting: "public_keys", problem: "a key is not RSA of 2048 bits or more, P-256, P-384 or Ed25519")
    }
}
