/// What to do with a token whose key is not known.
package enum KeyAnswer: Equatable, Sendable {
    /// Wait: keys are being fetched, or will be as soon as the schedule allows.
    case wait
    /// Verify it with the known keys, which are up to date. It will be refused.
    case judge
    /// Refuse it for now: the keys cannot be fetched.
    case unavailable(retryAfterSeconds: Int)
}

/// Fetches issuers' keys on demand, for requests that wait for them.
package protocol KeyDemand: Sendable {
    /// Asks for the keys of these issuers, one of which may have signed a token with an unknown key.
    /// - Parameters:
    ///   - rules: the rules that do not have the key.
    ///   - settled: if the answer is ``KeyAnswer/wait``, called once on another thread when the fetch has ended.
    /// - Returns: nil if other rules are in force by now. They may have the key, so the caller should look it up again
    ///   instead of waiting for another fetch.
    func demand(of issuers: [String], under rules: Rules, settled: @escaping @Sendable () -> Void) -> KeyAnswer?

    /// The same after a wait. The answer is never ``KeyAnswer/wait``.
    func demandAfterWait(of issuers: [String]) -> KeyAnswer
}
