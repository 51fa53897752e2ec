internal import Events
internal import Wire

/// Any backend that signs its own events by the Standard Webhooks specification: ringing calls, typing, presence,
/// activity.
///
/// The body is `{"type", "room"?, "users"?, "timestamp"?, "data"?}`. With `users` only these users receive it. Source
/// of the scheme: https://github.com/standard-webhooks/standard-webhooks, spec 1.0.0.
struct Standard: Provider {
    static let name = "standard"

    /// The window of the official libraries, in both directions; `replay_window` changes it.
    static let windowSeconds: Double = 5 * 60

    private let source: WireText
    private let redaction: Redaction
    private let keys: [StandardKey]
    private let window: ReplayWindow

    init(settings: ProviderSettings) throws(ProviderSettingsError) {
        try settings.allowOptions([ReplayWindow.option])
        source = settings.source
        redaction = try Redaction(settings)
        var keys: [StandardKey] = []
        try settings.refuseKeys("a standard source takes secrets: a list, each whsec_ and base64")
        for secret in try settings.requiredSecrets() { keys.append(try StandardKey(secret)) }
        self.keys = keys
        window = try ReplayWindow(settings, pastSeconds: Self.windowSeconds, futureSeconds: Self.windowSeconds)
    }

    static func keyBytes(_ secret: String) -> Int { StandardKey.bytes(secret) ?? secret.utf8.count }

    var signatureHeaders: [String] { StandardHeaders.allNames }

    func receive(_ request: WebhookRequest, now: WallTime) throws(Rejection) -> Receipt {
        let id = try verify(request, now: now)
        let parsed = try request.parsedBody()
        let body = parsed.object
        let event = try StandardEvent.read(body, source: source, receivedAt: now)
        return .event(
            Draft(
                event: redaction.finished(event, isOwn: true),
                idempotencyKey: BodyDigest.idempotencyKey(request.body, id: id),
                raw: redaction.line(parsed)))
    }

    /// Verifies and returns the id.
    private func verify(_ request: WebhookRequest, now: WallTime) throws(Rejection) -> WireText {
        let headers = try StandardHeaders.of(request)
        let id = try request.requiredHeader(headers.id)
        let timestamp = try request.requiredHeader(headers.timestamp)
        let listed = try request.requiredHeader(headers.signature)
        guard let seconds = Int64(timestamp.string), seconds > 0 else {
            throw Rejection(.malformedHeader, "The header \(headers.timestamp) is no integer of seconds.")
        }
        let prefix = Array("\(id).\(timestamp).".utf8)
        // During a rotation there are several; one right signature is enough.
        let signatures = try StandardSignatures(listed, header: headers.signature, for: keys)
        guard signatures.contain(signatureOf: keys, over: prefix, request.body) else {
            throw Rejection(.badSignature, "None of the signatures fits one of the secrets.")
        }
        try window.check(signedAtSeconds: Double(seconds), now: now)
        return id
    }

    /// Signs with the first key that can sign; a source with `whpk_` keys alone cannot sign.
    func sign(_ body: [UInt8], idempotencyKey: WireText, now: WallTime) -> [WebhookRequest.Header] {
        let seconds = now.milliseconds / 1000
        let prefix = Array("\(idempotencyKey).\(seconds).".utf8)
        let signatures = keys.lazy.compactMap { key in
            key.signature(over: prefix, body).map { "\(key.version),\(Base64.standard.text($0))" as WireText }
        }
        return [
            .init(name: "Content-Type", value: "application/json"),
            .init(name: "webhook-id", value: idempotencyKey),
            .init(name: "webhook-timestamp", value: "\(seconds)"),
            .init(name: "webhook-signature", value: signatures.first ?? ""),
        ]
    }

    func sampleMeeting(room: String, now: WallTime) -> [SampleStep] {
        StandardSample.steps(room: room, startedAt: now)
    }
}
