internal import Events

/// Whereby: `Whereby-Signature: t=<seconds>,v1=<hex HMAC-SHA256>` over t, a dot and the body, keyed with the
/// secret's text.
///
/// Source of the wire facts: https://docs.whereby.com, "Webhooks".
struct Whereby: Provider {
    static let name = "whereby"

    /// Whereby's own sample allows 60 seconds; `replay_window` may say otherwise.
    static let windowSeconds: Double = 60

    private let source: WireText
    private let keys: [SigningKey]
    private let window: ReplayWindow

    init(settings: ProviderSettings) throws(ProviderSettingsError) {
        try settings.allowOptions([ReplayWindow.option])
        source = settings.source
        // Unlike Daily's, the secret is taken as the text that it is.
        keys = try settings.requiredSecrets().map { SigningKey($0.utf8) }
        window = try ReplayWindow(settings, pastSeconds: Self.windowSeconds, futureSeconds: Self.windowSeconds)
    }

    func receive(_ request: WebhookRequest, now: EpochMilliseconds) throws(Rejection) -> Receipt {
        try verify(request, now: now)
        let body = try request.jsonObject()
        let fields = Fields(body)
        return .event(
            Draft(
                event: WherebyEvent.read(fields, source: source, receivedAt: now),
                idempotencyKey: BodyDigest.idempotencyKey(request.body, id: fields.textOrNumber("id")),
                raw: Redaction.line(.object(body), capacityBytes: request.body.count)))
    }

    private func verify(_ request: WebhookRequest, now: EpochMilliseconds) throws(Rejection) {
        let header = try request.requiredHeader("Whereby-Signature")
        var time: WireText?
        var codes: [[UInt8]] = []
        for part in header.split(at: UInt8(ascii: ",")) {
            let pair = WireText(decoding: part.utf8.drop { $0 == UInt8(ascii: " ") })
                .split(at: UInt8(ascii: "="), maxSplits: 1)
            guard pair.count == 2 else { continue }
            if pair[0] == "t" { time = pair[1] }
            if pair[0] == "v1", let code = Hex.bytes(Array(pair[1].utf8)) { codes.append(code) }
        }
        guard let time, let seconds = Int64(time.string), seconds > 0, !codes.isEmpty else {
            throw Rejection(.malformedHeader, "The header Whereby-Signature is not of the form t=…,v1=….")
        }
        let prefix = Array(time.utf8) + [UInt8(ascii: ".")]
        guard keys.contains(where: { key in codes.contains { key.signed($0, over: prefix, request.body) } }) else {
            throw Rejection(.badSignature, "The signature fits none of the secrets.")
        }
        try window.check(signedAtSeconds: Double(seconds), now: now)
    }

    func sign(_ body: [UInt8], idempotencyKey: WireText, now: EpochMilliseconds) -> [WebhookRequest.Header] {
        let seconds = now / 1000
        let code = keys.first.map { Hex.text($0.code(over: Array("\(seconds).".utf8), body)) } ?? ""
        return [
            .init(name: "Content-Type", value: "application/json"),
            .init(name: "Whereby-Signature", value: "t=\(seconds),v1=\(code)"),
        ]
    }

    func sampleMeeting(room: String, now: EpochMilliseconds) -> [SampleStep] {
        WherebySample(room: room, startedAt: now).steps()
    }
}
