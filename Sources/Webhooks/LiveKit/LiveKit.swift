internal import Events
internal import Wire

/// LiveKit: a JSON Web Token in `Authorization`, signed with the API secret, that contains the SHA-256 of the body.
///
/// Source of the wire facts: livekit/protocol, `webhook/verifier.go`, `auth/verifier.go` and
/// `webhook/resource_url_notifier.go`; https://docs.livekit.io/server/webhooks/.
struct LiveKit: Provider {
    static let name = "livekit"

    /// The accepted clock difference, as in LiveKit's own receivers in Go and Python.
    static let leewaySeconds: Double = 60
    /// The lifetime of LiveKit's tokens.
    static let tokenSeconds: Int64 = 300

    private let source: WireText
    private let redaction: Redaction
    private let keys: [WireText: SigningKey]
    /// The key that ``sign(_:idempotencyKey:now:)`` uses: the first by name.
    private let signer: WireText

    init(settings: ProviderSettings) throws(ProviderSettingsError) {
        try settings.allowOptions([])
        guard settings.secrets.isEmpty else {
            throw ProviderSettingsError(setting: "secrets", problem: "LiveKit takes keys: a secret for each API key")
        }
        guard let signer = settings.keys.keys.min() else {
            throw ProviderSettingsError(setting: "keys", problem: "at least one API key with its secret is needed")
        }
        for (key, secret) in settings.keys where key.isEmpty || secret.isEmpty {
            throw ProviderSettingsError(setting: "keys", problem: "an API key or its secret is empty")
        }
        source = settings.source
        redaction = try Redaction(settings)
        // The key is the secret's text; LiveKit does not decode it.
        keys = Dictionary(uniqueKeysWithValues: settings.keys.map { (WireText($0.key), SigningKey($0.value.utf8)) })
        self.signer = WireText(signer)
    }

    var signatureHeaders: [String] { ["Authorization"] }

    func receive(_ request: WebhookRequest, now: WallTime) throws(Rejection) -> Receipt {
        try verify(request, now: now)
        let parsed = try request.parsedBody()
        let body = parsed.object
        let (event, id) = try LiveKitEvent.read(ProtoMessage(body), source: source, receivedAt: now)
        return .event(
            Draft(
                event: redaction.finished(StandardShape.orUnknown(event)),
                idempotencyKey: BodyDigest.idempotencyKey(request.body, id: id),
                raw: redaction.line(parsed)))
    }

    private func verify(_ request: WebhookRequest, now: WallTime) throws(Rejection) {
        let header = try request.requiredHeader("Authorization")
        guard let token = CompactToken(Self.token(header)) else {
            throw Rejection(.malformedHeader, "The header Authorization holds no JSON Web Token.")
        }
        // The relay, not the token, decides which algorithm is used.
        guard token.algorithm == "HS256" else {
            throw Rejection(.badSignature, "The token is signed with another algorithm than HS256.")
        }
        guard token.header["crit"] == nil, token.header["b64"] == nil else {
            throw Rejection(.malformedHeader, "The token needs an extension that is not supported.")
        }
        guard let issuer = token.claims["iss"]?.string else {
            throw Rejection(.malformedHeader, "The token names no API key: iss should be text.")
        }
        guard let key = keys[issuer] else {
            throw Rejection(.unknownKey, "The token is signed with an API key that this source has no secret for.")
        }
        guard key.signed(token.signature, over: token.signedBytes) else {
            throw Rejection(.badSignature, "The token's signature does not fit the API key's secret.")
        }
        try checkTimes(token.claims, now: now)
        guard let digest = token.claims["sha256"]?.string else {
            throw Rejection(.malformedHeader, "The token has no sha256 of the body: it is not a webhook's.")
        }
        // The texts are compared, since LiveKit writes exactly one form of base64.
        guard ConstantTime.equal(digest, Base64.standard.text(BodyDigest.bytes(request.body))) else {
            throw Rejection(.bodyMismatch, "The body is not the one that was signed; was it changed on the way?")
        }
    }

    /// LiveKit sends the bare token. `Bearer ` is accepted too, for gateways that require it.
    private static func token(_ header: WireText) -> ArraySlice<UInt8> {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        var bytes = Array(header.utf8)[...]
        bytes = bytes.drop(while: isBlank)
        if bytes.prefix(7).elementsEqualIgnoringASCIICase("bearer ".utf8) {
            bytes = bytes.dropFirst(7).drop(while: isBlank)
        }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return bytes
    }

    private func checkTimes(_ claims: JSONObject, now: WallTime) throws(Rejection) {
        let nowSeconds = Double(now.milliseconds) / 1000
        guard let expires = Self.seconds(claims["exp"]) else {
            throw Rejection(.malformedHeader, "The token has no exp, or none that is a time.")
        }
        let notBefore = Self.seconds(claims["nbf"])
        if claims["nbf"]?.isNull == false, notBefore == nil {
            throw Rejection(.malformedHeader, "The token's nbf is no time.")
        }
        let signedAt = notBefore ?? expires - Double(Self.tokenSeconds)
        guard nowSeconds < expires + Self.leewaySeconds else {
            throw Rejection(.expired, "The token has expired.", skewSeconds: signedAt - nowSeconds)
        }
        if let notBefore, nowSeconds < notBefore - Self.leewaySeconds {
            throw Rejection(.notYetValid, "The token is not valid yet.", skewSeconds: notBefore - nowSeconds)
        }
    }

    /// A claim that is a time in seconds: a number of any size, with or without a fraction, or the same as text.
    private static func seconds(_ claim: JSONValue?) -> Double? {
        guard let seconds = claim?.double ?? claim?.string.flatMap({ Double($0.string) }), seconds.isFinite else {
            return nil
        }
        return seconds
    }

    func sign(_ body: [UInt8], idempotencyKey: WireText, now: WallTime) -> [WebhookRequest.Header] {
        let seconds = now.milliseconds / 1000
        let header = Base64.url.text(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8))
        let claims = JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("iss", signer)
                writer.member("exp", seconds + Self.tokenSeconds)
                writer.member("nbf", seconds)
                writer.member("iat", seconds)
                writer.member("sha256", Base64.standard.text(BodyDigest.bytes(body)))
            }
        }
        let signed = header + "." + Base64.url.text(claims)
        let signature = keys[signer].map { Base64.url.text($0.code(over: Array(signed.utf8))) } ?? ""
        return [
            .init(name: "User-Agent", value: "LiveKit"),
            .init(name: "Authorization", value: WireText(signed + "." + signature)),
            .init(name: "Content-Type", value: "application/webhook+json"),
        ]
    }

    func sampleMeeting(room: String, now: WallTime) -> [SampleStep] {
        LiveKitSample(room: room, startedAt: now).steps()
    }
}
