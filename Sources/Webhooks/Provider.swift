internal import Events
package import Wire

/// A kind of sender: how it signs its webhooks and what its events mean. One file each; nothing outside of this
/// target knows a provider by name, so that adding one is one new file plus one line in ``Providers``.
package protocol Provider: Sendable {
    /// The word for it in settings and in the `provider` member of events: `livekit`, `daily`, …
    static var name: String { get }

    /// The options whose values are no secrets, so that `roomwire check` may show them.
    static var plainOptions: Set<String> { get }

    /// How many bytes of key a secret of the settings comes to: some providers' secrets are base64 of their keys.
    static func keyBytes(_ secret: String) -> Int

    /// The names of the headers that ``receive(_:now:)`` verifies by: those that a capture needs.
    var signatureHeaders: [String] { get }

    /// A provider set up for one source.
    init(settings: ProviderSettings) throws(ProviderSettingsError)

    /// Verifies a request over its raw bytes, then says what it means.
    ///
    /// The order is fixed: the body is neither trusted nor parsed before the signature is verified.
    /// - Parameter now: the time to verify with.
    func receive(_ request: WebhookRequest, now: WallTime) throws(Rejection) -> Receipt

    /// The headers with which the provider itself would send `body`: for `roomwire send`, the demo and the canary.
    func sign(_ body: [UInt8], idempotencyKey: WireText, now: WallTime) -> [WebhookRequest.Header]

    /// The bodies of a short meeting as the provider would send them, in order, each with the seconds to wait
    /// before it at normal speed.
    func sampleMeeting(room: String, now: WallTime) -> [SampleStep]
}

extension Provider {
    /// None, unless the provider says so: an option may be a password.
    package static var plainOptions: Set<String> { [] }

    /// The text is the key, unless the provider says otherwise.
    package static func keyBytes(_ secret: String) -> Int { secret.utf8.count }
}

/// One request of a sample meeting.
package struct SampleStep: Sendable {
    /// Seconds after the step before it.
    package let delaySeconds: Double
    /// The body to post, unsigned.
    package let body: [UInt8]
    /// The provider's id of the event, for providers that send it in a header.
    package let idempotencyKey: WireText

    /// A step of a sample meeting.
    package init(delaySeconds: Double, body: [UInt8], idempotencyKey: WireText) {
        self.delaySeconds = delaySeconds
        self.body = body
        self.idempotencyKey = idempotencyKey
    }
}
