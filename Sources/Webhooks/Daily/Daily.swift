internal import Events
internal import Wire

/// Daily: HMAC-SHA256 over the timestamp header, a dot and the body, with the base64-decoded `hmac` of the webhook as
/// the key; or, as an alternative, the `basicAuth` with which the webhook was created.
///
/// Source of the wire facts: https://docs.daily.co/reference/rest-api/webhooks.
struct Daily: Provider {
    static let name = "daily"

    /// The default age up to which a request is accepted; `replay_window` changes it. Daily documents neither a window
    /// nor whether a retry gets a fresh timestamp, and with `exponential` it waits up to 15 minutes between two tries:
    /// 45 minutes outlast three such waits. A replay within the window is dropped as a duplicate, by the event's id.
    static let windowSeconds: Double = 45 * 60
    /// How far Daily's clock may run ahead of ours.
    static let aheadSeconds: Double = 5 * 60
    private static let basicAuthOption = "basic_auth"

    private let source: WireText
    private let redaction: Redaction
    private let keys: [SigningKey]
    private let basicAuth: String?
    private let window: ReplayWindow

    init(settings: ProviderSettings) throws(ProviderSettingsError) {
        try settings.allowOptions([Self.basicAuthOption, ReplayWindow.option])
        try settings.refuseKeys("Daily takes secrets: a list with the webhook's hmac, which is base64")
        source = settings.source
        redaction = try Redaction(settings)
        basicAuth = settings.options[Self.basicAuthOption]
        if basicAuth?.isEmpty == true {
            throw ProviderSettingsError(setting: Self.basicAuthOption, problem: "is empty")
        }
        var keys: [SigningKey] = []
        for secret in basicAuth == nil || !settings.secrets.isEmpty ? try settings.requiredSecrets() : [] {
            guard let bytes = Base64.standard.bytes(Array(secret.utf8)), !bytes.isEmpty else {
                throw ProviderSettingsError(
                    setting: "secrets", problem: "Daily's secret is the webhook's hmac, which is base64; one is not")
            }
            keys.append(SigningKey(bytes))
        }
        self.keys = keys
        window = try ReplayWindow(settings, pastSeconds: Self.windowSeconds, futureSeconds: Self.aheadSeconds)
    }

    static func keyBytes(_ secret: String) -> Int {
        Base64.standard.bytes(Array(secret.utf8))?.count ?? secret.utf8.count
    }

    /// Without `basic_auth` in the settings, Authorization is not Daily's to this relay: it may be for a proxy.
    var signatureHeaders: [String] {
        ["X-Webhook-Signature", "X-Webhook-Timestamp"] + (basicAuth == nil ? [] : ["Authorization"])
    }

    func receive(_ request: WebhookRequest, now: WallTime) throws(Rejection) -> Receipt {
        if !keys.isEmpty && (basicAuth == nil || request.header("X-Webhook-Signature") != nil) {
            try verifySignature(request, now: now)
        } else {
            try verifyBasicAuth(request)
        }
        let parsed = try request.parsedBody()
        let body = parsed.object
        if Self.isPing(body) { return .answer(DirectAnswer()) }
        let (event, id) = DailyEvent.read(Fields(body), source: source, receivedAt: now)
        return .event(
            Draft(
                event: redaction.finished(StandardShape.orUnknown(event)),
                idempotencyKey: BodyDigest.idempotencyKey(request.body, id: id),
                raw: redaction.line(parsed)))
    }

    /// `{"test":"test"}`, with which Daily checks a webhook's address when the webhook is created or reactivated. It is
    /// signed like any other, and only a 200 makes the webhook active.
    private static func isPing(_ body: JSONObject) -> Bool {
        body.members.count == 1 && ["test" as WireText, "Test"].contains(body.members[0].name) && body["type"] == nil
    }

    private func verifySignature(_ request: WebhookRequest, now: WallTime) throws(Rejection) {
        let header = try request.requiredHeader("X-Webhook-Signature")
        let timestamp = try request.requiredHeader("X-Webhook-Timestamp")
        guard let code = Base64.standard.bytes(Array(header.utf8)) else {
            throw Rejection(.malformedHeader, "The header X-Webhook-Signature is not base64.")
        }
        // The signature covers the timestamp's text, whatever its unit.
        let prefix = Array(timestamp.utf8) + [UInt8(ascii: ".")]
        guard keys.contains(where: { $0.signed(code, over: prefix, request.body) }) else {
            throw Rejection(.badSignature, "The signature fits none of the secrets.")
        }
        guard let number = Double(timestamp.string), number.isFinite, number > 0 else {
            throw Rejection(.malformedHeader, "The header X-Webhook-Timestamp is no time.")
        }
        // Not documented; milliseconds were seen on the wire. As seconds, 1e11 is the year 5138.
        try window.check(signedAtSeconds: number > 1e11 ? number / 1000 : number, now: now)
    }

    private func verifyBasicAuth(_ request: WebhookRequest) throws(Rejection) {
        let header = try request.requiredHeader("Authorization")
        guard header.utf8.prefix(6).elementsEqualIgnoringASCIICase("basic ".utf8) else {
            throw Rejection(.malformedHeader, "The header Authorization is not of the kind Basic.")
        }
        let given = WireText(decoding: header.utf8.dropFirst(6).drop { $0 == UInt8(ascii: " ") })
        guard let basicAuth, ConstantTime.equal(given, basicAuth) else {
            throw Rejection(.badSignature, "The credentials are not those of the setting basic_auth.")
        }
    }

    func sign(_ body: [UInt8], idempotencyKey: WireText, now: WallTime) -> [WebhookRequest.Header] {
        var headers: [WebhookRequest.Header] = [
            .init(name: "User-Agent", value: "node-superagent/3.8.3"),
            .init(name: "Content-Type", value: "application/json"),
        ]
        if let key = keys.first {
            let signature = Base64.standard.text(key.code(over: Array("\(now.milliseconds).".utf8), body))
            headers.append(.init(name: "X-Webhook-Timestamp", value: "\(now.milliseconds)"))
            headers.append(.init(name: "X-Webhook-Signature", value: WireText(signature)))
        } else if let basicAuth {
            headers.append(.init(name: "Authorization", value: "Basic \(basicAuth)"))
        }
        return headers
    }

    func sampleMeeting(room: String, now: WallTime) -> [SampleStep] {
        DailySample(room: room, startedAt: now).steps()
    }
}
