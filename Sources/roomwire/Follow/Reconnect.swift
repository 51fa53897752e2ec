/// How long to wait before the next attempt: as the relay asked, and longer after each failure in a row.
struct Reconnect {
    /// The relay's last `retry:`, in milliseconds. The relay has spread it over its clients already.
    var retryMilliseconds = 1000
    private var failures = 0

    /// The longest wait, unless the relay asks for a longer one.
    static let longestMilliseconds = 30_000

    /// A stream was opened: the next failure counts as the first.
    mutating func succeeded() {
        failures = 0
    }

    /// The wait after a stream has ended or could not be opened.
    /// - Parameters:
    ///   - retryAfterSeconds: the `Retry-After` of a refusal.
    ///   - random: from 0 to 1, so that clients that were disconnected together do not reconnect together.
    mutating func waitMilliseconds(retryAfterSeconds: Int? = nil, random: Double) -> Int {
        let doubled = retryMilliseconds << min(failures, 16)
        failures += 1
        let spread = Double(max(retryMilliseconds, min(doubled, Self.longestMilliseconds))) * (0.75 + random / 2)
        return max(Int(spread), (retryAfterSeconds ?? 0) * 1000)
    }
}
