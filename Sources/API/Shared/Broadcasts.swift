internal import Events
internal import Platform
internal import Wire

/// The ephemeral events that loops have yet to handle: they are bounded in bytes, since they wait in the mailboxes of
/// loops that may be busy.
final class Broadcasts: Sendable {
    private let bytes = Locked(0)

    /// Counts an event that is about to be posted to so many loops; false if there are too many under way.
    func begin(_ event: EphemeralEvent, loops: Int) -> Bool {
        bytes.withLock { bytes in
            guard bytes < Limits.waitingEphemeralBytes else { return false }
            bytes += event.bytes * loops
            return true
        }
    }

    /// One loop has handled an event.
    func end(_ event: EphemeralEvent) { bytes.withLock { $0 -= event.bytes } }
}
