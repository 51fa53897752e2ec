internal import Events
internal import Platform
internal import Wire

/// Which of a user's streams is the oldest, over all loops.
final class StreamOrder: Sendable {
    /// A stream and where to reach it.
    struct Entry: Sendable {
        let stream: UInt64
        let address: String
        /// The loop on which it is.
        let loop: any LoopPort
    }

    private let users = Locked<[Principal: [Entry]]>([:])

    func add(_ entry: Entry, of user: Principal) {
        users.withLock { $0[user, default: []].append(entry) }
    }

    /// Takes the oldest away; the caller ends it.
    func takeOldest(of user: Principal) -> Entry? {
        users.withLock { users in
            guard let oldest = users[user]?.first else { return nil }
            users[user]?.removeFirst()
            if users[user]?.isEmpty == true { users[user] = nil }
            return oldest
        }
    }

    /// Forgets a stream; false if it was taken before.
    func remove(_ stream: UInt64, of user: Principal) -> Bool {
        users.withLock { users in
            guard let index = users[user]?.firstIndex(where: { $0.stream == stream }) else { return false }
            users[user]?.remove(at: index)
            if users[user]?.isEmpty == true { users[user] = nil }
            return true
        }
    }
}
