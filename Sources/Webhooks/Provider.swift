public import Events

/// A kind of sender: how it signs its webhooks and what its events mean. One file each; nothing outside of this
/// target knows a provider by name, so that adding one is one new file plus one line in ``Providers``.
public protocol Provider: Sendable {
    /// The word for it in settings and in the `provider` member of events: `livekit`, `daily`, …
    static var name: String { get }

    /// A provider set up for one source.
    init(settings: ProviderSettings) throws(ProviderSettingsError)

    /// Verifies a request over its raw bytes, then says what it means.
    ///
    /// The order is fixed: nothing of the body is believed, or even parsed, before the signature holds.
    /// - Parameter now: the clock to verify with.
    func receive(_ request: WebhookRequest, now: EpochMilliseconds) throws(Rejection) -> Receipt

    /// The headers with which the provider itself would send `body`: for `roomwire send`, the demo and the canary.
    func sign(_ body: [UInt8], idempotencyKey: String, now: EpochMilliseconds) -> [WebhookRequest.Header]

    /// The bodies of a short meeting as the provider would send them, in order, each with the seconds to wait
    /// before it at normal speed.
    func sampleMeeting(room: String, now: EpochMilliseconds) -> [SampleStep]
}

/// One request of a sample meeting.
public struct SampleStep: Sendable {
    /// Seconds after the step before it.
    public let delaySeconds: Double
    /// What to post, unsigned.
    public let body: [UInt8]
    /// The provider's id of the event, where it stands in a header.
    public let idempotencyKey: String

    /// A step of a sample meeting.
    public init(delaySeconds: Double, body: [UInt8], idempotencyKey: String) {
        self.delaySeconds = delaySeconds
        self.body = body
        self.idempotencyKey = idempotencyKey
    }
}

/// What a source is set up with: secrets and options, by the words of the settings file.
public struct ProviderSettings: Sendable {
    /// The source's name, the last segment of the webhook's path.
    public var source: String
    /// LiveKit: secrets by API key.
    public var keys: [String: String]
    /// Shared secrets, any of which may have signed: several during a rotation.
    public var secrets: [String]
    /// Further settings of the provider, by name, for instance Daily's `basic_auth` or the window against replays.
    public var options: [String: String]

    /// Settings of the source `source`.
    public init(
        source: String, keys: [String: String] = [:], secrets: [String] = [], options: [String: String] = [:]
    ) {
        self.source = source
        self.keys = keys
        self.secrets = secrets
        self.options = options
    }
}

/// Settings a provider cannot work with: one sentence for the operator, without any secret in it.
public struct ProviderSettingsError: Error, Sendable, Equatable {
    /// The name of the setting: `secrets`, `keys`, or an option's.
    public let setting: String
    /// What is wrong with it.
    public let problem: String

    /// An error about one setting.
    public init(setting: String, problem: String) {
        self.setting = setting
        self.problem = problem
    }
}

/// A request as it came in.
public struct WebhookRequest: Sendable {
    /// One header line.
    public struct Header: Sendable, Hashable {
        /// The name as it was written.
        public let name: String
        /// The value without blanks around it.
        public let value: String

        /// A header line.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// All header lines in order.
    public var headers: [Header]
    /// The raw bytes, just as they were signed.
    public var body: [UInt8]
    /// The target of the request line: path and query. Some providers sign it.
    public var target: String

    /// A request of these parts.
    public init(headers: [Header], body: [UInt8], target: String = "/") {
        self.headers = headers
        self.body = body
        self.target = target
    }

    /// The value of the only header of this name, in any case. Nil if there is none, or more than one: what is
    /// signed must not be open to interpretation.
    public func header(_ name: String) -> String? {
        var found: String?
        for header in headers where header.name.utf8.elementsEqualIgnoringASCIICase(name.utf8) {
            if found != nil { return nil }
            found = header.value
        }
        return found
    }
}

extension Sequence where Element == UInt8 {
    func elementsEqualIgnoringASCIICase(_ other: some Sequence<UInt8>) -> Bool {
        func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
        return elementsEqual(other) { lower($0) == lower($1) }
    }
}

/// What a verified request comes to.
public enum Receipt: Sendable {
    /// An event to append.
    case event(Draft)
    /// Nothing to relay, but the provider waits for just this answer: Daily's test ping, Zoom's challenge.
    case answer(DirectAnswer)
}

/// An answer given at once instead of an event.
public struct DirectAnswer: Sendable, Equatable {
    /// The status, 200 as a rule.
    public var status: Int
    /// The content type, if there is a body.
    public var contentType: String?
    /// The body.
    public var body: [UInt8]

    /// An answer, empty unless given a body.
    public init(status: Int = 200, contentType: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// Why a request was refused, in words that help whoever set it up and tell an attacker nothing.
public struct Rejection: Error, Sendable, Equatable {
    /// The reason's class: in the problem body, the log line and the metric alike.
    public enum Reason: String, Sendable, CaseIterable {
        case missingHeader = "missing_header"
        case malformedHeader = "malformed_header"
        case unknownKey = "unknown_key"
        case badSignature = "bad_signature"
        case bodyMismatch = "body_mismatch"
        case expired
        case notYetValid = "not_yet_valid"
        /// The signature holds, but the body is no JSON or not of the provider's shape.
        case malformedBody = "malformed_body"
    }

    public let reason: Reason
    /// One sentence. It may name a header and a clock skew, never a secret, a token or an expected value.
    public let detail: String
    /// For `expired` and `not_yet_valid`: how far the sender's time lies from ours, in seconds; positive is ahead.
    public let skewSeconds: Double?

    /// A refusal.
    public init(_ reason: Reason, _ detail: String, skewSeconds: Double? = nil) {
        self.reason = reason
        self.detail = detail
        self.skewSeconds = skewSeconds
    }

    /// 400 after a good signature, else 401.
    public var status: Int { reason == .malformedBody ? 400 : 401 }
}
