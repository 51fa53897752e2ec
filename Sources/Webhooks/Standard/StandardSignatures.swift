internal import Events
internal import Wire

/// The names of the three headers of the scheme.
struct StandardHeaders {
    let id: String
    let timestamp: String
    let signature: String

    private init(prefix: String) {
        id = prefix + "id"
        timestamp = prefix + "timestamp"
        signature = prefix + "signature"
    }

    private static let standard = StandardHeaders(prefix: "webhook-")
    /// The names from before the specification, which Svix and its customers still use.
    private static let svix = StandardHeaders(prefix: "svix-")

    /// The names that a request uses. Those of the specification take precedence. If a request has headers of both
    /// sets, they must be equal, so that what is signed is unambiguous.
    static func of(_ request: WebhookRequest) throws(Rejection) -> StandardHeaders {
        guard standard.isUsed(in: request) else { return svix.isUsed(in: request) ? svix : standard }
        for (name, other) in zip(standard.names, svix.names) where request.has(name) && request.has(other) {
            guard request.header(name) == request.header(other) else {
                throw Rejection(.malformedHeader, "The headers \(name) and \(other) say different things.")
            }
        }
        return standard
    }

    /// The names of both sets.
    static let allNames = standard.names + svix.names

    private var names: [String] { [id, timestamp, signature] }

    private func isUsed(in request: WebhookRequest) -> Bool {
        request.has(signature) || request.has(id) || request.has(timestamp)
    }
}

/// The signatures that one webhook lists and that can be right: of the version and length of one of the source's keys.
/// All others are ignored.
struct StandardSignatures {
    /// `v1`: HMAC-SHA256.
    private var codes = ListedCodes()
    /// `v1a`: Ed25519.
    private var curve: [[UInt8]] = []

    private static let curveBytes = 64
    private static let codeVersion = Array("v1,".utf8)
    private static let curveVersion = Array("v1a,".utf8)
    /// Base64 of 32 and of 64 bytes.
    private static let codeLetters = 44
    private static let curveLetters = 88

    /// Parses the header's value.
    init(_ value: WireText, header: String, for keys: [StandardKey]) throws(Rejection) {
        let takesCodes = keys.contains { $0.version == "v1" }
        let takesCurve = keys.contains { $0.version == "v1a" }
        for entry in Array(value.utf8).split(separator: 0x20) {
            if takesCodes, entry.starts(with: Self.codeVersion) {
                guard let code = Self.bytes(entry.dropFirst(3), letters: Self.codeLetters) else { continue }
                guard codes.add(code) else { throw Self.tooMany(Limits.listedCodes, header) }
            } else if takesCurve, entry.starts(with: Self.curveVersion) {
                guard let signature = Self.bytes(entry.dropFirst(4), letters: Self.curveLetters) else { continue }
                guard signature.count == Self.curveBytes else { continue }
                curve.append(signature)
                guard curve.count <= Limits.listedCurveSignatures else {
                    throw Self.tooMany(Limits.listedCurveSignatures, header)
                }
            }
        }
    }

    private static func bytes(_ text: ArraySlice<UInt8>, letters: Int) -> [UInt8]? {
        text.count == letters ? Base64.standard.bytes(text) : nil
    }

    private static func tooMany(_ most: Int, _ header: String) -> Rejection {
        Rejection(.malformedHeader, "The header \(header) lists more than \(most) signatures.")
    }

    /// True if one of the signatures is one of the keys' over `prefix` and `body`.
    func contain(signatureOf keys: [StandardKey], over prefix: [UInt8], _ body: [UInt8]) -> Bool {
        if codes.contain(codeOf: keys.lazy.compactMap(\.shared), code: { $0.code(over: prefix, body) }) { return true }
        guard !curve.isEmpty else { return false }
        // Ed25519 needs the signed bytes in one piece.
        let signed = prefix + body
        return keys.contains { key in curve.contains { key.isSignature($0, of: signed) } }
    }
}
