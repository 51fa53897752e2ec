internal import Access
internal import Dispatch
internal import Events
internal import FoundationEssentials
internal import Platform
internal import Wire

/// The revocations in force, and the file in the data folder that keeps them over a restart.
///
/// A revocation is in force at once. A thread of the store's own replaces the file durably, and then the
/// administrator's request is answered.
package final class RevocationStore: Sendable {
    private struct State {
        var revocations: Revocations
        /// Grows with every change.
        var version: UInt64 = 0
        /// The version in the file.
        var savedVersion: UInt64 = 0
    }

    private let path: String
    private let state: Locked<State>
    private let queue = DispatchQueue(label: "roomwire.revocations")

    /// Reads the file; if there is none, no user and no token is revoked.
    /// - Throws: ``RevocationFileError`` if the file exists and is invalid. A start without it would let revoked users
    ///   in.
    package init(path: String) throws {
        self.path = path
        var revocations = Revocations()
        let found: [UInt8]?
        do throws(SystemError) {
            found = try System.readOwnFile(path, mostBytes: Limits.revocationFileBytes)
        } catch {
            throw RevocationFileError("the revocations cannot be read: \(error)")
        }
        if let found {
            let data = Data(found)
            guard let kept = Revocations(json: data) else {
                throw RevocationFileError(
                    "\(path) is damaged, and without it revoked users could connect: restore the file, or delete it and revoke again"
                )
            }
            // Ended revocations are kept: the clock may be ahead for now, and the next save would drop ones still in
            // force.
            revocations = kept
        }
        state = Locked(State(revocations: revocations))
    }

    /// Refuses an identity that is revoked.
    func check(_ identity: Identity, now: WallTime) throws(AccessRefusal) {
        try state.withLock { state throws(AccessRefusal) in try state.revocations.check(identity, now: now) }
    }

    /// Adds a revocation; false if there are as many as allowed.
    func revoke(_ subject: Revocations.Subject, until: WallTime, now: WallTime) -> Bool {
        state.withLock { state in
            guard state.revocations.revoke(subject, until: until, now: now) else { return false }
            state.version += 1
            return true
        }
    }

    /// When the revocation of a user or token ends; nil if it is not revoked.
    func end(of subject: Revocations.Subject, now: WallTime) -> WallTime? {
        state.withLock { $0.revocations.end(of: subject, now: now) }
    }

    /// Lifts a revocation; false if there was none.
    func lift(_ subject: Revocations.Subject) -> Bool {
        state.withLock { state in
            guard state.revocations.lift(subject) else { return false }
            state.version += 1
            return true
        }
    }

    /// True if the file has the latest change.
    var isSaved: Bool { state.withLock { $0.savedVersion == $0.version } }

    /// Calls `done` on another thread with the revocations in force, sorted. There may be very many.
    func list(now: WallTime, done: @escaping @Sendable ([Revocations.Entry]) -> Void) {
        queue.async { [self] in
            // A copy by reference: the sorting happens outside the lock.
            let revocations = state.withLock { $0.revocations }
            done(revocations.entries(now: now))
        }
    }

    /// Writes the file, then calls `done` on another thread: with nil, or with the reason why it failed.
    func save(done: @escaping @Sendable (String?) -> Void) {
        queue.async { [self] in done(write()) }
    }

    /// Writes all changes since the last write at once.
    private func write() -> String? {
        // A copy by reference: loops wait for the lock, so they must not wait for the writing of so much text.
        let (changed, version) = state.withLock { state in
            (state.savedVersion == state.version ? nil : state.revocations, state.version)
        }
        guard let changed else { return nil }
        do throws(SystemError) {
            try System.replaceOwnFile(path, with: changed.json + [0x0A])
        } catch {
            return error.description
        }
        state.withLock { $0.savedVersion = max($0.savedVersion, version) }
        return nil
    }
}

/// Why the relay cannot start with the revocations that it finds: one sentence.
package struct RevocationFileError: Error, Sendable, CustomStringConvertible {
    /// The sentence.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
