package import Wire

/// How far a provider's times lag behind the arrival of its webhooks: the time on the way, and the difference of the
/// clocks. The least lag of some minutes has nearly no time on the way in it.
package struct ProviderLag: Sendable, Equatable {
    /// The lag of the last webhook, in milliseconds.
    package private(set) var last: Int64 = 0
    private var leastNow: Int64 = .max
    private var leastBefore: Int64 = .max
    private var since: SteadyTime?

    /// The least lag is that of the last one to two windows.
    private static let windowMilliseconds: Int64 = 120_000

    /// No webhook came yet.
    package init() {}

    /// A webhook came.
    package mutating func record(_ milliseconds: Int64, now: SteadyTime) {
        turn(now)
        last = milliseconds
        leastNow = min(leastNow, milliseconds)
    }

    /// The least lag, in milliseconds; nil if no webhook came for a while.
    package func least(now: SteadyTime) -> Int64? {
        var lag = self
        lag.turn(now)
        let least = min(lag.leastNow, lag.leastBefore)
        return least == .max ? nil : least
    }

    private mutating func turn(_ now: SteadyTime) {
        guard let began = since else {
            since = now
            return
        }
        let age = now - began
        guard age >= Self.windowMilliseconds else { return }
        leastBefore = age < 2 * Self.windowMilliseconds ? leastNow : .max
        leastNow = .max
        since = now
    }
}
