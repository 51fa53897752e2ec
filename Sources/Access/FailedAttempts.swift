internal import Events
package import Wire

/// Slows addresses that keep failing to be let in: bad tokens cost verifying and fill the log.
package struct FailedAttempts: Sendable {
    // By address, when its failures will have been worked off, each of which takes ``Limits/failureSeconds``.
    private var workedOff: [WireText: WallTime] = [:]
    private var nextSweep = WallTime(milliseconds: 0)
    private let allowance: Int64

    /// Nobody has failed yet.
    /// - Parameter freeFailures: how often an address may fail before it is slowed.
    package init(freeFailures: Int = Limits.freeFailures) {
        allowance = Self.cost * Int64(freeFailures)
    }

    /// Addresses that are remembered.
    package var count: Int { workedOff.count }

    /// True when the address has failed, and not so long ago that it was forgotten.
    package func remembers(address: WireText) -> Bool { workedOff[address] != nil }

    /// Counts a failure.
    package mutating func record(address: WireText, now: WallTime) {
        if workedOff[address] == nil, workedOff.count >= Limits.failingAddresses {
            sweep(now: now)
            // With so many at once it is no longer a matter of addresses; the others go on being slowed.
            guard workedOff.count < Limits.failingAddresses else { return }
        }
        let end = max(workedOff[address] ?? now, now) + Self.cost
        workedOff[address] = min(end, now + allowance)
    }

    /// How long the address has to wait for its next attempt, in whole seconds; nil if it need not.
    package mutating func retryAfterSeconds(address: WireText, now: WallTime) -> Int? {
        guard var end = workedOff[address] else { return nil }
        if end > now + allowance {
            // The clock has stepped back, which must not keep anybody out.
            end = now + allowance
            workedOff[address] = end
        }
        let wait = end + Self.cost - allowance - now
        return wait > 0 ? Int((wait + 999) / 1000) : nil
    }

    private static let cost = Int64(Limits.failureSeconds) * 1000

    // At most once in the time that a failure takes, so that a flood of addresses does not make every one of them
    // cost a walk through all.
    private mutating func sweep(now: WallTime) {
        guard now >= nextSweep || nextSweep > now + Self.cost else { return }
        nextSweep = now + Self.cost
        workedOff = workedOff.filter { $0.value > now }
    }
}
