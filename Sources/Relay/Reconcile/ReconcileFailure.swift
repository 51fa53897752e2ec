internal import API
internal import Events
internal import Fetch
internal import Webhooks
internal import Wire

/// Why a question to a provider has no usable answer.
struct ReconcileFailure: Error, Sendable, Equatable {
    /// The kind of reason.
    let outcome: ReconcileOutcome
    /// One sentence for the operator.
    let problem: String
    /// How long the provider told the relay to stay away.
    var retryAfterMilliseconds: Int64?

    init(_ outcome: ReconcileOutcome, _ problem: String, retryAfterMilliseconds: Int64? = nil) {
        self.outcome = outcome
        self.problem = problem
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    init(_ failure: WebFailure) {
        switch failure {
        case .timedOut: self.init(.timeout, "it took longer than \(Limits.reconcileRequestMilliseconds / 1000) s")
        case .noSuchHost: self.init(.unreachable, "the host's name has no address")
        case .noConnection: self.init(.unreachable, "no connection could be made")
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

    /// Whether questions about other rooms would fail alike.
    var concernsAllRooms: Bool {
        switch outcome {
        case .unauthorized, .forbidden, .rateLimited, .redirect, .untrusted, .unreachable: true
        default: false
        }
    }
}
