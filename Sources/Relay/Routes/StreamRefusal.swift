internal import Access
internal import FrontDoor

/// Why a stream cannot be had now, although the token is good, or may be.
enum StreamRefusal {
    case cap(CapDecision.Reason, retryAfterSeconds: Int)
    case draining
    case busy
    /// The keys of the token's issuer cannot be fetched at the moment.
    case keysUnavailable(retryAfterSeconds: Int)

    /// The word in the problem body, in the `refused` event and in the metric.
    var reason: String {
        switch self {
        case .cap(let reason, _): reason.rawValue
        case .draining: "draining"
        case .busy: "busy"
        case .keysUnavailable: "keys_unavailable"
        }
    }

    var retryAfterSeconds: Int {
        switch self {
        case .cap(_, let seconds), .keysUnavailable(let seconds): seconds
        default: 1
        }
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
        case .keysUnavailable:
            "The keys of the token's issuer cannot be fetched now, so nobody can tell whether it is good."
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

extension StreamRefusal {
    /// The answer to somebody who asked for a stream. A browser's EventSource never comes back after any other status
    /// than 200, so that it is told on a stream which ends at once.
    func response(to request: HTTPRequest, _ query: StreamQuery) -> HTTPResponse {
        let isEventSource =
            request.header("accept")?.contains("text/event-stream") == true && request.header("sec-fetch-mode") != nil
        guard query.refusesOnStream ?? isEventSource else { return problem.response }
        var response = HTTPResponse(
            status: 200, contentType: "text/event-stream",
            body: ControlMessage.refused(self, isNamed: query.isNamed))
        response.headers.append(("Cache-Control", "no-store"))
        response.closesConnection = true
        return response
    }
}
