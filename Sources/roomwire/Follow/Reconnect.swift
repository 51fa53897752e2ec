/// How long to wait before the next try: what the relay asked for, and longer after every failure in a row.
struct Reconnect {
    /// What the relay last asked for with `retry:`, give or take nothing: it has spread its clients already.
    var retryMilliseconds = 1000
    private var failures = 0

    /// No wait is longer, unless the relay itself asks for it.
    static let longestMilliseconds = 30_000

    /// A stream was opened: the next failure is the first again.
    mutating func succeeded() {
        failures = 0
    }

    /// The wait after a stream has ended or could not be opened.
    /// - Parameters:
    ///   - retryAfterSeconds: what a refusal's `Retry-After` said.
    ///   - random: from 0 to 1, so that clients cut off together do not come back together.
    mutating func waitMilliseconds(retryAfterSeconds: Int? = nil, random: Double) -> Int {
        let doubled = retryMilliseconds << min(failures, 16)
        failures += 1
        let spread = Double(max(retryMilliseconds, min(doubled, Self.longestMilliseconds))) * (0.75 + random / 2)
        return max(Int(spread), (retryAfterSeconds ?? 0) * 1000)
    }
}
