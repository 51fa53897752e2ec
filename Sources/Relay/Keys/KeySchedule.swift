internal import API
internal import Events
internal import Wire

/// When the keys of one issuer are fetched: regularly, sooner if a token asks for a key that is not there, and again
/// after a failure. It decides and does nothing.
struct KeySchedule: Sendable, Equatable {
    /// The longest between two fetches.
    var refreshMilliseconds: Int64
    /// Whether there are keys at all.
    private(set) var hasKeys: Bool
    private(set) var isFetching = false
    /// Fetches that failed since the last that did not.
    private(set) var failures = 0
    private var lastStart: SteadyTime?
    private var due: SteadyTime

    /// A schedule whose first fetch is due now.
    /// - Parameter hasKeys: whether keys are known from before.
    init(refreshMilliseconds: Int64, hasKeys: Bool, now: SteadyTime) {
        self.refreshMilliseconds = refreshMilliseconds
        self.hasKeys = hasKeys
        due = now
    }

    /// True when a fetch is to begin now; it has begun then.
    mutating func begins(now: SteadyTime) -> Bool {
        guard !isFetching, now >= due else { return false }
        isFetching = true
        lastStart = now
        return true
    }

    /// A token was signed with a key that is not known.
    mutating func demand(now: SteadyTime) -> KeyAnswer {
        if !isFetching { due = min(due, max(now, lastStart.map { $0 + Limits.keyDemandMilliseconds } ?? now)) }
        // While fetches fail nobody waits for the next one: an address that stalls would hold every such request.
        return failures > 0 ? unavailable(now: now) : .wait
    }

    /// The same for a token that has waited.
    func demandAfterWait(now: SteadyTime) -> KeyAnswer {
        failures > 0 || !hasKeys ? unavailable(now: now) : .judge
    }

    /// Keys have been fetched.
    /// - Parameter maxAgeSeconds: how long they are fresh by the word of who sent them.
    mutating func succeeded(maxAgeSeconds: Int?, now: SteadyTime) {
        isFetching = false
        hasKeys = true
        failures = 0
        let fresh = Int64(min(maxAgeSeconds ?? .max, Int(Int32.max))) * 1000
        due = now + min(refreshMilliseconds, max(fresh, Limits.keyFreshMilliseconds))
    }

    /// A fetch has failed. The keys that are known stay.
    mutating func failed(now: SteadyTime) {
        isFetching = false
        failures += 1
        let wait = Limits.keyDemandMilliseconds << min(failures - 1, 10)
        due = now + min(wait, Limits.keyRetryMilliseconds)
    }

    private func unavailable(now: SteadyTime) -> KeyAnswer {
        .unavailable(retryAfterSeconds: isFetching ? 1 : Int(max(1, (due - now + 999) / 1000)))
    }
}
