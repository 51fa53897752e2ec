internal import API
internal import Events
internal import Wire

/// Decides when the keys of one issuer are fetched: regularly, sooner if a token needs an unknown key, and again after
/// a failure. It does no I/O.
struct KeySchedule: Sendable, Equatable {
    /// The longest time between two fetches.
    var refreshMilliseconds: Int64
    /// True once there are keys.
    private(set) var hasKeys: Bool
    private(set) var isFetching = false
    /// Failed fetches since the last success.
    private(set) var failures = 0
    private var lastStart: SteadyTime?
    private var due: SteadyTime

    /// A schedule whose first fetch is due now.
    /// - Parameter hasKeys: whether there are keys from before.
    init(refreshMilliseconds: Int64, hasKeys: Bool, now: SteadyTime) {
        self.refreshMilliseconds = refreshMilliseconds
        self.hasKeys = hasKeys
        due = now
    }

    /// True if a fetch is due. It then counts as begun, and the caller must start it.
    mutating func begins(now: SteadyTime) -> Bool {
        guard !isFetching, now >= due else { return false }
        isFetching = true
        lastStart = now
        return true
    }

    /// A token needs an unknown key: says whether it should wait for a fetch.
    mutating func demand(now: SteadyTime) -> KeyAnswer {
        if !isFetching { due = min(due, max(now, lastStart.map { $0 + Limits.keyDemandMilliseconds } ?? now)) }
        // While fetches fail, requests do not wait for the next one: an address that stalls would hold all of them.
        return failures > 0 ? unavailable(now: now) : .wait
    }

    /// The same for a token that has waited.
    func demandAfterWait(now: SteadyTime) -> KeyAnswer {
        failures > 0 || !hasKeys ? unavailable(now: now) : .judge
    }

    /// Records a successful fetch.
    /// - Parameter maxAgeSeconds: how long they are fresh, by the answer's `Cache-Control`.
    mutating func succeeded(maxAgeSeconds: Int?, now: SteadyTime) {
        isFetching = false
        hasKeys = true
        failures = 0
        let fresh = Int64(min(maxAgeSeconds ?? .max, Int(Int32.max))) * 1000
        due = now + min(refreshMilliseconds, max(fresh, Limits.keyFreshMilliseconds))
    }

    /// Records a failed fetch. The known keys stay in force.
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
