internal import Events
package import Wire

/// Bounds how much verifying of tokens that turn out to be no good one address may cause.
///
/// Each address has a bucket of time: ``Limits/verificationBurstMicroseconds`` when it is full, and it fills as time
/// passes. A token that fails takes out what its kind costs; one that is good takes nothing.
package struct VerificationBudget: Sendable {
    // By address, in microseconds: when its bucket will be full again.
    private var fullAgain: [WireText: Int64] = [:]
    private var nextSweep = WallTime(milliseconds: 0)

    /// Every bucket is full.
    package init() {}

    /// Buckets that are not full.
    package var count: Int { fullAgain.count }

    /// How long until the address may have a token verified, in whole seconds; nil if it may now.
    package func retryAfterSeconds(address: WireText, now: WallTime) -> Int? {
        guard let full = fullAgain[address] else { return nil }
        // A clock that has stepped back keeps nobody out for longer than an empty bucket does.
        let missing = min(full - now.milliseconds * 1000, Limits.verificationBurstMicroseconds)
        return missing < Limits.verificationBurstMicroseconds ? nil : 1
    }

    /// Takes the cost of a verification that failed.
    package mutating func charge(address: WireText, costMicroseconds: Int64, now: WallTime) {
        if fullAgain[address] == nil, fullAgain.count >= Limits.failingAddresses {
            sweep(now: now)
            // With so many at once it is no longer a matter of addresses; the others stay bounded.
            guard fullAgain.count < Limits.failingAddresses else { return }
        }
        let now = now.milliseconds * 1000
        let full = max(fullAgain[address] ?? now, now) + costMicroseconds
        // One token may overdraw it: a bucket that is empty is never further from full than that.
        fullAgain[address] = min(full, now + Limits.verificationBurstMicroseconds + costMicroseconds)
    }

    private mutating func sweep(now: WallTime) {
        guard now >= nextSweep || nextSweep > now + 1000 else { return }
        nextSweep = now + 1000
        fullAgain = fullAgain.filter { $0.value > now.milliseconds * 1000 }
    }
}
