internal import Crypto
internal import Events
internal import FoundationEssentials
internal import Wire

/// A key of the Standard Webhooks scheme: `whsec_` (shared), `whpk_` (ed25519, to verify) or `whsk_` (ed25519, to
/// sign and verify), each followed by base64.
enum StandardKey: Sendable {
    /// The prefixes of keys, one for each kind.
    private static let prefixes = ["whsec_", "whpk_", "whsk_"]

    case shared(SigningKey)
    case publicKey(Curve25519.Signing.PublicKey)
    case privateKey(Curve25519.Signing.PrivateKey)

    /// The number of bytes of a base64 key; nil if the text is not base64.
    static func bytes(_ text: String) -> Int? {
        let prefix = prefixes.first { text.hasPrefix($0) } ?? ""
        return decoded(text.utf8.dropFirst(prefix.utf8.count))?.count
    }

    /// Decodes base64 with or without its padding, as the official libraries do.
    private static func decoded(_ text: Substring.UTF8View) -> [UInt8]? {
        let isPadded = text.last == UInt8(ascii: "=")
        let missing = isPadded ? 0 : (4 - text.count % 4) % 4
        return Base64.standard.bytes(Array(text) + Array(repeating: UInt8(ascii: "="), count: missing))
    }

    /// Parses a key; without a prefix it is a shared one, as in the official libraries.
    init(_ text: String) throws(ProviderSettingsError) {
        let kind = Self.prefixes.first { text.hasPrefix($0) } ?? ""
        guard let bytes = Self.decoded(text.utf8.dropFirst(kind.utf8.count)), !bytes.isEmpty else {
            throw ProviderSettingsError(setting: "secrets", problem: "what follows a secret's prefix is not base64")
        }
        switch kind {
        case "whpk_":
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
                throw ProviderSettingsError(setting: "secrets", problem: "a whpk_ key is not 32 bytes long")
            }
            self = .publicKey(key)
        case "whsk_":
            // The seed alone, or the seed followed by the public key.
            guard bytes.count == 32 || bytes.count == 64,
                let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes.prefix(32))
            else {
                throw ProviderSettingsError(setting: "secrets", problem: "a whsk_ key is neither 32 nor 64 bytes long")
            }
            self = .privateKey(key)
        default: self = .shared(SigningKey(bytes))
        }
    }

    /// The version that is written before a signature of this kind.
    var version: WireText {
        if case .shared = self { "v1" } else { "v1a" }
    }

    /// The key, if it is a shared one.
    var shared: SigningKey? {
        if case .shared(let key) = self { key } else { nil }
    }

    /// True when `signature` is an Ed25519 signature of `signed` with this key.
    func isSignature(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
        switch self {
        case .shared: false
        case .publicKey(let key): key.isValidSignature(signature, for: signed)
        case .privateKey(let key): key.publicKey.isValidSignature(signature, for: signed)
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
