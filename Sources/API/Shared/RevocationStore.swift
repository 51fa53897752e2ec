internal import Access
internal import Dispatch
internal import Events
internal import FoundationEssentials
internal import Platform
internal import Wire

/// The revocations in force, and the file in the data folder that brings them back after a restart.
///
/// They count from the moment they are made. The file is written aside, synchronised and moved into its place on a
/// thread of its own; whoever asked is answered after that.
package final class RevocationStore: Sendable {
    private struct State {
        var revocations: Revocations
        /// Grows with every change.
        var version: UInt64 = 0
        /// The version that is in the file.
        var savedVersion: UInt64 = 0
    }

    private let path: String
    private let state: Locked<State>
    private let queue = DispatchQueue(label: "roomwire.revocations")

    /// Reads the file; if there is none, no user and no token is revoked.
    /// - Throws: ``RevocationFileError`` if the file is there and cannot be understood: to start with fewer revocations than
    ///   there were would let somebody in.
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
                    "\(path) is damaged, and somebody may be let in who was revoked: restore the file, or delete it and revoke again"
                )
            }
            // With those that have ended: the clock may be ahead, and the next save would forget what still counts.
            revocations = kept
        }
        state = Locked(State(revocations: revocations))
    }

    /// Refuses an identity that is revoked.
    func check(_ identity: Identity, now: WallTime) throws(AccessRefusal) {
        try state.withLock { state throws(AccessRefusal) in try state.revocations.check(identity, now: now) }
    }

    /// Makes a revocation; false if there is no room for another.
    func revoke(_ subject: Revocations.Subject, until: WallTime, now: WallTime) -> Bool {
        state.withLock { state in
            guard state.revocations.revoke(subject, until: until, now: now) else { return false }
            state.version += 1
            return true
        }
    }

    /// Until when a user or token is revoked; nil if it is not.
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

    /// True when the file says what counts.
    var isSaved: Bool { state.withLock { $0.savedVersion == $0.version } }

    /// Calls `done`, on another thread, with those that count now, sorted: there may be very many.
    func list(now: WallTime, done: @escaping @Sendable ([Revocations.Entry]) -> Void) {
        queue.async { [self] in
            // A copy by reference: the sorting happens outside the lock.
            let revocations = state.withLock { $0.revocations }
            done(revocations.entries(now: now))
        }
    }

    /// Brings the file up to date, then calls `done` on another thread: with nil, or with why it could not be done.
    func save(done: @escaping @Sendable (String?) -> Void) {
        queue.async { [self] in done(write()) }
    }

    /// Many changes that wait are one write.
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
