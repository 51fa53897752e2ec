internal import Events
internal import Wire

/// Whereby: `Whereby-Signature: t=<seconds>,v1=<hex HMAC-SHA256>` over t, a dot and the body, with the secret's text as
/// the key.
///
/// Source of the wire facts: https://docs.whereby.com, "Webhooks".
struct Whereby: Provider {
    static let name = "whereby"

    /// The window of Whereby's own sample code; `replay_window` changes it.
    static let windowSeconds: Double = 60

    private let source: WireText
    private let redaction: Redaction
    private let keys: [SigningKey]
    private let window: ReplayWindow

    init(settings: ProviderSettings) throws(ProviderSettingsError) {
        try settings.allowOptions([ReplayWindow.option])
        source = settings.source
        redaction = try Redaction(settings)
        // Unlike Daily's, the secret's text itself is the key.
        try settings.refuseKeys("Whereby takes secrets: a list with the webhook's secret")
        keys = try settings.requiredSecrets().map { SigningKey($0.utf8) }
        window = try ReplayWindow(settings, pastSeconds: Self.windowSeconds, futureSeconds: Self.windowSeconds)
    }

    var signatureHeaders: [String] { ["Whereby-Signature"] }

    func receive(_ request: WebhookRequest, now: WallTime) throws(Rejection) -> Receipt {
        try verify(request, now: now)
        let parsed = try request.parsedBody()
        let body = parsed.object
        let fields = Fields(body)
        let event = WherebyEvent.read(fields, source: source, receivedAt: now)
        return .event(
            Draft(
                event: redaction.finished(StandardShape.orUnknown(event)),
                idempotencyKey: BodyDigest.idempotencyKey(request.body, id: fields.textOrNumber("id")),
                raw: redaction.line(parsed)))
    }

    private func verify(_ request: WebhookRequest, now: WallTime) throws(Rejection) {
        let header = try request.requiredHeader("Whereby-Signature")
        let (time, codes) = try Self.parts(header)
        guard let time, let seconds = Int64(time.string), seconds > 0, let codes else {
            throw Rejection(.malformedHeader, "The header Whereby-Signature is not of the form t=…,v1=….")
        }
        let prefix = Array(time.utf8) + [UInt8(ascii: ".")]
        guard codes.contain(codeOf: keys, code: { $0.code(over: prefix, request.body) }) else {
            throw Rejection(.badSignature, "The signature fits none of the secrets.")
        }
        try window.check(signedAtSeconds: Double(seconds), now: now)
    }

    /// The time and the listed codes; nil for a part that the header does not have.
    private static func parts(_ header: WireText) throws(Rejection) -> (time: WireText?, codes: ListedCodes?) {
        var time: WireText?
        var codes: ListedCodes?
        for part in Array(header.utf8).split(separator: UInt8(ascii: ",")) {
            let pair = part.drop { $0 == 0x20 }.split(separator: UInt8(ascii: "="), maxSplits: 1)
            guard pair.count == 2 else { continue }
            if pair[0].elementsEqual("t".utf8) { time = WireText(decoding: pair[1]) }
            guard pair[0].elementsEqual("v1".utf8), let code = Hex.bytes(pair[1]) else { continue }
            var listed = codes ?? ListedCodes()
            guard listed.add(code) else {
                let problem = "The header Whereby-Signature lists more than \(Limits.listedCodes) signatures."
                throw Rejection(.malformedHeader, problem)
            }
            codes = listed
        }
        return (time, codes)
    }

    func sign(_ body: [UInt8], idempotencyKey: WireText, now: WallTime) -> [WebhookRequest.Header] {
        let seconds = now.milliseconds / 1000
        let code = keys.first.map { Hex.text($0.code(over: Array("\(seconds).".utf8), body)) } ?? ""
        return [
            .init(name: "Content-Type", value: "application/json"),
            .init(name: "Whereby-Signature", value: "t=\(seconds),v1=\(code)"),
        ]
    }

    func sampleMeeting(room: String, now: WallTime) -> [SampleStep] {
        WherebySample(room: room, startedAt: now).steps()
    }
}
