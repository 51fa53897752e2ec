/// What becomes of a token whose key is not known.
package enum KeyAnswer: Equatable, Sendable {
    /// Keys are being fetched, or will be as soon as they may: the token waits for them.
    case wait
    /// The keys that are known are as new as they can be: there is no such key.
    case judge
    /// The keys cannot be fetched at the moment.
    case unavailable(retryAfterSeconds: Int)
}

/// Fetches the keys of issuers, and lets requests wait for them.
package protocol KeyDemand: Sendable {
    /// What becomes of a token that may be signed with a key of these issuers that is not known.
    /// - Parameters:
    ///   - rules: those by which it is not known.
    ///   - settled: called once on another thread, if the token is to wait, when the keys have been fetched or cannot
    ///     be.
    /// - Returns: nil if other rules are in force by now, which may know the key: it is to be looked up again, and not
    ///   to wait for the fetch after the one that has just brought it.
    func demand(of issuers: [String], under rules: Rules, settled: @escaping @Sendable () -> Void) -> KeyAnswer?

    /// The same for a token that has waited; the answer is never ``KeyAnswer/wait``.
    func demandAfterWait(of issuers: [String]) -> KeyAnswer
}
