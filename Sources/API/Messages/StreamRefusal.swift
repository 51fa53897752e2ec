internal import Access
internal import Events
internal import Wire

/// Why a client with a valid token is refused a stream, a page or a list for the moment.
enum StreamRefusal {
    case cap(CapDecision.Reason, retryAfterSeconds: Int)
    case draining
    case busy
    /// The user has not read as many pages and lists as one user may have waiting.
    case answers
    /// Answers that clients have not read use all the memory that is allowed for them.
    case unsent

    /// The reason without its details. Its ``label`` is in the problem body, in the `refused` event and in the metric.
    enum Reason: Sendable, Hashable, CaseIterable {
        case cap(CapDecision.Reason)
        case draining, busy, answers

        static let allCases = CapDecision.Reason.allCases.map(cap) + [draining, busy, answers]

        var label: String {
            switch self {
            case .cap(let reason): reason.rawValue
            case .draining: "draining"
            case .busy: "busy"
            case .answers: "too_many_answers"
            }
        }
    }

    /// The reason without its details.
    var reason: Reason {
        switch self {
        case .cap(let reason, _): .cap(reason)
        case .draining: .draining
        case .busy, .unsent: .busy
        case .answers: .answers
        }
    }

    var retryAfterSeconds: Int {
        if case .cap(_, let seconds) = self { seconds } else { 1 }
    }

    /// One sentence for people.
    var detail: String {
        switch self {
        case .cap(.perUser, _): "This user has as many streams open as one user may have."
        case .cap(.perAddress, _): "This address has as many streams open as one address may have."
        case .cap(.total, _): "The relay has as many streams open as it may have."
        case .cap(.rate, _): "Too many streams are being opened at the moment."
        case .draining: "The relay is stopping."
        case .busy: "The journal is too busy to look up where the stream begins."
        case .answers:
            "This user has \(Limits.userAnswers) pages and lists under way, as many as one user may have: read them first."
        case .unsent: "Answers that clients have not read use all the memory that is allowed for them."
        }
    }

    var problem: Problem {
        switch self {
        case .cap, .answers:
            var problem = Problem(429, reason.label, detail)
            problem.retryAfterSeconds = retryAfterSeconds
            return problem
        default:
            var problem = Problem.unavailable(reason.label, detail)
            problem.retryAfterSeconds = retryAfterSeconds
            return problem
        }
    }
}
