internal import Events
internal import Platform
internal import Wire

/// Each user's streams on all loops, oldest first.
final class StreamOrder: Sendable {
    /// A stream and its loop.
    struct Entry: Sendable {
        let stream: UInt64
        let address: String
        /// The port of its loop.
        let loop: any LoopPort
    }

    private let users = Locked<[Principal: [Entry]]>([:])

    /// Adds a user's newest stream.
    func add(_ entry: Entry, of user: Principal) {
        users.withLock { $0[user, default: []].append(entry) }
    }

    /// Removes the oldest, which the caller must end; nil if the user has no stream.
    func takeOldest(of user: Principal) -> Entry? {
        users.withLock { users in
            guard let oldest = users[user]?.first else { return nil }
            users[user]?.removeFirst()
            if users[user]?.isEmpty == true { users[user] = nil }
            return oldest
        }
    }

    /// Removes a stream that has ended; false if ``takeOldest(of:)`` has removed it before.
    func remove(_ stream: UInt64, of user: Principal) -> Bool {
        users.withLock { users in
            guard let index = users[user]?.firstIndex(where: { $0.stream == stream }) else { return false }
            users[user]?.remove(at: index)
            if users[user]?.isEmpty == true { users[user] = nil }
            return true
        }
    }
}
