internal import Events

/// Any backend that signs as the Standard Webhooks specification says, for events of its own: ringing calls, typing,
/// presence, activity.
///
/// The body is `{"type", "room"?, "users"?, "timestamp"?, "data"?}`. With `users` only these users receive it.
/// Source of the scheme: https://github.com/standard-webhooks/standard-webhooks, spec 1.0.0.
struct Standard: Provider {
    static let name = "standard"

    /// What the official libraries allow, either way; `replay_window` may say otherwise.
    static let windowSeconds: Double = 5 * 60

    private let source: WireText
    private let keys: [StandardKey]
    private let window: ReplayWindow

    init(settings: ProviderSettings) throws(ProviderSettingsError) {
        try settings.allowOptions([ReplayWindow.option])
        source = settings.source
        var keys: [StandardKey] = []
        for secret in try settings.requiredSecrets() { keys.append(try StandardKey(secret)) }
        self.keys = keys
        window = try ReplayWindow(settings, pastSeconds: Self.windowSeconds, futureSeconds: Self.windowSeconds)
    }

    func receive(_ request: WebhookRequest, now: EpochMilliseconds) throws(Rejection) -> Receipt {
        let id = try verify(request, now: now)
        let body = try request.jsonObject()
        return .event(
            Draft(
                event: try StandardEvent.read(body, source: source, receivedAt: now),
                idempotencyKey: BodyDigest.idempotencyKey(request.body, id: id),
                raw: Redaction.line(.object(body), capacityBytes: request.body.count)))
    }

    /// Verifies and returns the id.
    private func verify(_ request: WebhookRequest, now: EpochMilliseconds) throws(Rejection) -> WireText {
        let id = try request.requiredHeader("webhook-id")
        let timestamp = try request.requiredHeader("webhook-timestamp")
        let signatures = try request.requiredHeader("webhook-signature")
        guard let seconds = Int64(timestamp.string), seconds > 0 else {
            throw Rejection(.malformedHeader, "The header webhook-timestamp is no integer of seconds.")
        }
        let prefix = Array("\(id).\(timestamp).".utf8)
        // One of several during a rotation is enough, and versions that are not known are passed over.
        let isSigned = signatures.split(at: UInt8(ascii: " ")).contains { signature in
            let parts = signature.split(at: UInt8(ascii: ","), maxSplits: 1)
            guard parts.count == 2, let bytes = Base64.standard.bytes(Array(parts[1].utf8)) else { return false }
            return keys.contains { $0.version == parts[0] && $0.signed(bytes, over: prefix, request.body) }
        }
        guard isSigned else {
            throw Rejection(.badSignature, "None of the signatures fits one of the secrets.")
        }
        try window.check(signedAtSeconds: Double(seconds), now: now)
        return id
    }

    /// Signs with the first key that can; a source that has only `whpk_` keys signs nothing.
    func sign(_ body: [UInt8], idempotencyKey: WireText, now: EpochMilliseconds) -> [WebhookRequest.Header] {
        let seconds = now / 1000
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

    func sampleMeeting(room: String, now: EpochMilliseconds) -> [SampleStep] {
        StandardSample.steps(room: room, startedAt: now)
    }
}
