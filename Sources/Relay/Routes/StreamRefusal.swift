internal import Access

/// Why a stream with a good token cannot be had now.
enum StreamRefusal {
    case cap(CapDecision.Reason, retryAfterSeconds: Int)
    case draining
    case busy

    /// The word in the problem body, in the `refused` event and in the metric.
    var reason: String {
        switch self {
        case .cap(let reason, _): reason.rawValue
        case .draining: "draining"
        case .busy: "busy"
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
        case .busy: "The log is too busy to look up where the stream begins."
        }
    }

    var problem: Problem {
        switch self {
        case .cap:
            var problem = Problem(429, reason, detail)
            problem.retryAfterSeconds = retryAfterSeconds
            return problem
        default:
            var problem = Problem.unavailable(reason, detail)
            problem.retryAfterSeconds = retryAfterSeconds
            return problem
        }
    }
}
