internal import Crypto
internal import Events
internal import FoundationEssentials

/// A key of the Standard Webhooks scheme: `whsec_` (shared), `whpk_` (ed25519, to verify) or `whsk_` (ed25519, to
/// sign and verify), each followed by base64.
enum StandardKey: Sendable {
    case shared(SigningKey)
    case publicKey(Curve25519.Signing.PublicKey)
    case privateKey(Curve25519.Signing.PrivateKey)

    /// Reads a key; without one of the prefixes it is a shared one, as the official libraries have it.
    init(_ text: String) throws(ProviderSettingsError) {
        let kind = ["whsec_", "whpk_", "whsk_"].first { text.hasPrefix($0) } ?? ""
        guard let bytes = Base64.standard.bytes(Array(text.utf8.dropFirst(kind.utf8.count))), !bytes.isEmpty else {
            throw ProviderSettingsError(setting: "secrets", problem: "what follows a secret's prefix is not base64")
        }
        switch kind {
        case "whpk_":
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
                throw ProviderSettingsError(setting: "secrets", problem: "a whpk_ key is not 32 bytes long")
            }
            self = .publicKey(key)
        case "whsk_":
            // The seed alone, or the seed with the public key behind it.
            guard bytes.count == 32 || bytes.count == 64,
                let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes.prefix(32))
            else {
                throw ProviderSettingsError(setting: "secrets", problem: "a whsk_ key is neither 32 nor 64 bytes long")
            }
            self = .privateKey(key)
        default: self = .shared(SigningKey(bytes))
        }
    }

    /// The version that stands before a signature of this kind.
    var version: WireText {
        if case .shared = self { "v1" } else { "v1a" }
    }

    /// True when `signature` is over `prefix` and `body`.
    func signed(_ signature: [UInt8], over prefix: [UInt8], _ body: [UInt8]) -> Bool {
        switch self {
        case .shared(let key): key.signed(signature, over: prefix, body)
        case .publicKey(let key): key.isValidSignature(signature, for: prefix + body)
        case .privateKey(let key): key.publicKey.isValidSignature(signature, for: prefix + body)
        }
    }

    /// The signature over `prefix` and `body`; nil for a key that can only verify.
    func signature(over prefix: [UInt8], _ body: [UInt8]) -> [UInt8]? {
        switch self {
        case .shared(let key): key.code(over: prefix, body)
        case .publicKey: nil
        case .privateKey(let key): (try? key.signature(for: prefix + body)).map { Array($0) }
        }
    }
}
