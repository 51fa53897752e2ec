public import Events

/// Says before any verifying whether somebody may try to be let in now.
///
/// Two things are slowed, each as ``FailedAttempts`` has it: a credential that keeps being shown although it is no
/// good, and an address from which many different bad ones come. A stale tab that repeats its old token thus slows
/// itself, and not the office behind the same address. A credential that was good lately is always looked at, so
/// that somebody who guesses keeps nobody at the same address from coming back; one that was never seen has to wait
/// for its turn there.
public struct AttemptGate: Sendable {
    /// A token or ticket as the gate knows it: a hash with a seed of this process, so that none is kept. Should two
    /// share one, nothing is let in by it: whatever passes the gate is verified.
    public typealias CredentialHash = Int

    private var addresses = FailedAttempts(freeFailures: Limits.freeAddressFailures)
    private var credentials = FailedAttempts(freeFailures: Limits.freeFailures)
    // Two tables, of which the older is dropped when the newer is full: what was good lately, in bounded memory.
    private var good: Set<CredentialHash> = []
    private var goodBefore: Set<CredentialHash> = []

    /// Nobody has tried yet.
    public init() {}

    /// The hash of a credential.
    public static func hash(_ credential: Credentials) -> CredentialHash { credential.hashValue }

    /// How long to wait, in whole seconds, before this credential is looked at; nil to look at it now.
    public mutating func retryAfterSeconds(
        _ credential: CredentialHash, from address: WireText, now: EpochMilliseconds
    ) -> Int? {
        guard credentials.count > 0 else { return nil }
        let key = Self.key(credential, address)
        if let seconds = credentials.retryAfterSeconds(address: key, now: now) { return seconds }
        guard let seconds = addresses.retryAfterSeconds(address: address, now: now) else { return nil }
        return good.contains(credential) || goodBefore.contains(credential) ? nil : seconds
    }

    /// Counts a credential that turned out to be no good: at its address only the first time.
    public mutating func failed(_ credential: CredentialHash, from address: WireText, now: EpochMilliseconds) {
        let key = Self.key(credential, address)
        if !credentials.remembers(address: key) { addresses.record(address: address, now: now) }
        credentials.record(address: key, now: now)
        good.remove(credential)
        goodBefore.remove(credential)
    }

    /// Remembers a credential that was good.
    public mutating func succeeded(_ credential: CredentialHash) {
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
