/// A dictionary that holds at most so many entries: the one that was set longest ago goes first.
///
/// What it forgets depends only on what was set and removed, in which order, so that folding the same events again
/// forgets the same.
struct RecentMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        var serial: Int
        var value: Value
    }

    private let limit: Int
    private var entries: [Key: Entry] = [:]
    /// Keys in the order of setting. One that was set again or removed leaves a stale place behind, which its
    /// serial gives away.
    private var queue: [(serial: Int, key: Key)] = []
    private var head = 0
    /// Grows with every change, so that an owner sees whether there is something to save.
    private(set) var changes = 0

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { entries.count }

    /// What is held, oldest first.
    var ordered: [(key: Key, value: Value)] {
        queue[head...].compactMap { place in live(place).map { (place.key, $0) } }
    }

    subscript(key: Key) -> Value? {
        get { entries[key]?.value }
        set {
            guard let newValue else {
                // Asked first, so that removing what is not there copies nothing.
                guard entries[key] != nil else { return }
                entries.removeValue(forKey: key)
                changes += 1
                return
            }
            changes += 1
            entries[key] = Entry(serial: changes, value: newValue)
            queue.append((changes, key))
            evict()
        }
    }

    private func live(_ place: (serial: Int, key: Key)) -> Value? {
        guard let entry = entries[place.key], entry.serial == place.serial else { return nil }
        return entry.value
    }

    private mutating func evict() {
        while entries.count > limit, head < queue.count {
            let place = queue[head]
            head += 1
            if live(place) != nil { entries.removeValue(forKey: place.key) }
        }
        if queue.count > 2 * limit + 16 {
            queue = queue[head...].filter { live($0) != nil }
            head = 0
        }
    }
}
