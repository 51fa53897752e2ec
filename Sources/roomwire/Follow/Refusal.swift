internal import Events
internal import Wire

/// The answer to a request for a stream that was refused.
struct Refusal {
    let status: Int
    /// From `Retry-After`, if that is in seconds.
    let retryAfterSeconds: Int?
    private let location: String?
    private var body: [UInt8] = []

    /// The most bytes of a body that are read.
    private static let largestBodyBytes = 64 * 1024

    /// Nil if the answer is an event stream.
    init?(status: Int, headers: [String: String]) throws(Failure) {
        if status == 200 {
            if headers["content-type"]?.hasPrefix("text/event-stream") == true { return nil }
            throw .refused("the server at this address sends no event stream; is it a relay?")
        }
        self.status = status
        retryAfterSeconds = headers["retry-after"].flatMap(Int.init)
        location = headers["location"]
    }

    /// Takes a part of the body.
    mutating func append(_ bytes: [UInt8]) {
        body += bytes.prefix(max(0, Self.largestBodyBytes - body.count))
    }

    /// The refusal for people, as a clause.
    var sentence: String {
        let said = HTTPText.problemSentence(body).map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
        switch status {
        case 300..<400:
            let place = location.map(Terminal.harmless) ?? "another address"
            return "the answer is a redirect to \(place), which must not receive the token; give its address to --url"
        case 401: return "the token was not accepted: \(said ?? "no reason given")"
        case 403: return "the token does not cover what was asked for: \(said ?? "no reason given")"
        case 404: return "there is no relay at this address: \(said ?? "not found")"
        case 429: return "the relay is busy: \(said ?? "no reason given")"
        default: return said ?? "the relay answered \(status)"
        }
    }

    /// The relay's `reason`; nil if another server answered.
    var reason: String? { HTTPText.problemReason(body) }

    /// The failure to stop with; nil if another attempt may succeed.
    var failure: Failure? {
        let isTransient = status == 408 || status == 429 || status >= 500
        return isTransient ? nil : .refused(sentence)
    }
}
