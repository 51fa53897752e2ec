internal import API
internal import Events
internal import Fetch
internal import Telemetry
internal import Webhooks

/// What came of a pass: in the metric and in the log alike.
enum ReconcileOutcome: String, MetricLabelValue {
    case ok
    /// 401: credentials or, with LiveKit, grants.
    case unauthorized
    /// 403.
    case forbidden
    /// 404: of a room, it closed between the list and the question; else the address has no such API.
    case notFound = "not_found"
    /// 429.
    case rateLimited = "rate_limited"
    /// 5xx.
    case serverError = "server_error"
    /// 3xx, which is not followed.
    case redirect
    /// Any other status than 200.
    case status
    case timeout, unreachable, untrusted
    case tooLarge = "too_large"
    /// The answer is not JSON, or not of the provider's shape.
    case malformed
    /// The answer has more rooms, participants or values than the relay reads.
    case tooMany = "too_many"
    /// The journal did not take the events.
    case journal

    static let labelName = MetricLabel.Name.outcome
}

/// Why a question has no usable answer.
struct ReconcileFailure: Error, Sendable, Equatable {
    let outcome: ReconcileOutcome
    /// One sentence without a full stop, for the operator.
    let problem: String
    /// How long the provider told the relay to stay away.
    var retryAfterMilliseconds: Int64?

    /// Whether questions about other rooms would fail alike.
    var concernsAllRooms: Bool {
        switch outcome {
        case .unauthorized, .forbidden, .rateLimited, .redirect, .untrusted, .unreachable: true
        default: false
        }
    }

    init(_ outcome: ReconcileOutcome, _ problem: String, retryAfterMilliseconds: Int64? = nil) {
        self.outcome = outcome
        self.problem = problem
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    init(_ failure: WebFailure) {
        switch failure {
        case .timedOut: self.init(.timeout, "it took longer than \(Limits.reconcileRequestMilliseconds / 1000) s")
        case .noSuchHost: self.init(.unreachable, "the host's name has no address")
        case .noConnection: self.init(.unreachable, "the host refused the connection")
        case .broken: self.init(.unreachable, "the connection broke before the end of the answer")
        case .untrusted(let text): self.init(.untrusted, text)
        case .tooLarge:
            self.init(.tooLarge, "the answer is larger than \(Limits.reconcileAnswerBytes / 1024 / 1024) MiB")
        case .other(let text): self.init(.unreachable, text)
        }
    }

    init(_ answer: UnusableAnswer) {
        self.init(answer.reason == .malformed ? .malformed : .tooMany, answer.problem)
    }
}
