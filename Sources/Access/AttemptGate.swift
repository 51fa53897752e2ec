internal import Events
package import Wire

/// Says who is slowed among those who keep showing tokens and tickets that are no good.
///
/// What is good is let in, whatever else comes from its address: the gate is asked once a token or ticket has failed,
/// and turns that refusal into one that says when to come back. So guessing costs the guesser time and the log no lines,
/// and nobody else anything. Two things count as failing too often, each as ``FailedAttempts`` has it: one credential
/// that keeps being shown from one address, and an address from which many different bad ones come.
///
/// Two things are asked before a token is verified, so that guesses cannot take more of the processor than a share of it:
/// - whether this very token has failed too often from this address: then it waits, and nothing else does;
/// - whether its address has used up its ``VerificationBudget``, which takes thousands of guesses a second with shared
///   secrets, or hundreds with public keys. A token that was good lately is verified even then. What remains: while
///   somebody keeps guessing at that pace, a token from the same address that this relay has not seen is told to come
///   back in a second, and gets its turn by chance. A ticket is not held up, since finding it takes no verifying.
package struct AttemptGate: Sendable {
    /// A token or ticket as the gate knows it: a hash with a seed of this process, so that none is kept. Should two
    /// share one, nothing is let in by it: whatever passes the gate is verified.
    package typealias CredentialHash = Int

    private var addresses = FailedAttempts(freeFailures: Limits.freeAddressFailures)
    private var credentials = FailedAttempts(freeFailures: Limits.freeFailures)
    private var budget = VerificationBudget()
    // Two tables, of which the older is dropped when the newer is full: what was good lately, in bounded memory.
    private var good: Set<CredentialHash> = []
    private var goodBefore: Set<CredentialHash> = []

    /// Nobody has tried yet.
    package init() {}

    /// The hash of a credential, of its bytes.
    package static func hash(_ credential: Credentials) -> CredentialHash {
        var hasher = Hasher()
        switch credential {
        case .bearer(let token):
            hasher.combine(0)
            hasher.combine(token)
        case .ticket(let ticket):
            hasher.combine(1)
            hasher.combine(ticket)
        }
        return hasher.finalize()
    }

    /// How long to wait, in whole seconds, before this token is verified; nil to verify it now.
    package mutating func secondsToVerification(
        of token: CredentialHash, from address: WireText, now: WallTime
    ) -> Int? {
        if credentials.count > 0,
            let seconds = credentials.retryAfterSeconds(address: Self.key(token, address), now: now)
        {
            return seconds
        }
        guard budget.count > 0, let seconds = budget.retryAfterSeconds(address: address, now: now) else { return nil }
        return good.contains(token) || goodBefore.contains(token) ? nil : seconds
    }

    /// Counts a credential that turned out to be no good: at its address only the first time.
    /// - Parameter costMicroseconds: what it cost to find out.
    /// - Returns: when to come back, in whole seconds, if it or its address had failed too often before.
    package mutating func failed(
        _ credential: CredentialHash, from address: WireText, costMicroseconds: Int64 = 0, now: WallTime
    ) -> Int? {
        let key = Self.key(credential, address)
        let seconds =
            credentials.retryAfterSeconds(address: key, now: now)
            ?? addresses.retryAfterSeconds(address: address, now: now)
        if !credentials.remembers(address: key) { addresses.record(address: address, now: now) }
        credentials.record(address: key, now: now)
        if costMicroseconds > 0 { budget.charge(address: address, costMicroseconds: costMicroseconds, now: now) }
        good.remove(credential)
        goodBefore.remove(credential)
        return seconds
    }

    /// Remembers a credential that was good.
    package mutating func succeeded(_ credential: CredentialHash) {
        guard good.count >= Limits.rememberedCredentials else {
            good.insert(credential)
            return
        }
        goodBefore = good
        good = [credential]
    }

    private static func key(_ credential: CredentialHash, _ address: WireText) -> WireText {
        "\(address) \(credential)"
    }
}
