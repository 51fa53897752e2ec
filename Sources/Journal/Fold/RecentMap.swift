/// A dictionary that holds at most so many entries: the one that was set longest ago goes first.
///
/// Changes count at once and can be undone until ``commit()``, at a cost that depends on how many there were and not on
/// how many entries there are.
///
/// What it forgets depends only on what was set and removed, in which order, so that folding the same events again
/// forgets the same.
struct RecentMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        var serial: Int
        var value: Value
    }

    private let limit: Int
    /// Entries as they were before each change since the last commit.
    private var undo: [(key: Key, entry: Entry?)] = []
    /// The length of ``queue``, ``head`` and ``changes`` at the last commit.
    private var mark = (queue: 0, head: 0, changes: 0)
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

    /// The value that was set longest ago; nil if there is none.
    var oldest: Value? {
        for place in queue[head...] {
            if let value = live(place) { return value }
        }
        return nil
    }

    /// What is held, oldest first.
    var ordered: [(key: Key, value: Value)] {
        queue[head...].compactMap { place in live(place).map { (place.key, $0) } }
    }

    subscript(key: Key) -> Value? {
        get { entries[key]?.value }
        set {
            guard let newValue else {
                guard let entry = entries.removeValue(forKey: key) else { return }
                undo.append((key, entry))
                changes += 1
                return
            }
            changes += 1
            let before = entries.updateValue(Entry(serial: changes, value: newValue), forKey: key)
            undo.append((key, before))
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
            if live(place) != nil { undo.append((place.key, entries.removeValue(forKey: place.key))) }
        }
    }

    /// The changes since the last commit stay.
    mutating func commit() {
        undo.removeAll(keepingCapacity: undo.count < 1_024)
        while head < queue.count, live(queue[head]) == nil { head += 1 }
        if queue.count > 2 * entries.count + 16 {
            queue = queue[head...].filter { live($0) != nil }
            head = 0
        }
        mark = (queue.count, head, changes)
    }

    /// Undoes every change since the last commit.
    mutating func rollback() {
        for (key, entry) in undo.reversed() { entries[key] = entry }
        undo.removeAll()
        queue.removeLast(queue.count - mark.queue)
        (head, changes) = (mark.head, mark.changes)
    }

    /// The entries that were set longest ago, oldest first, up to the first that is not wanted.
    func oldest(while isWanted: (Key, Value) -> Bool) -> [(key: Key, value: Value)] {
        var found: [(key: Key, value: Value)] = []
        for place in queue[head...] {
            guard let value = live(place) else { continue }
            guard isWanted(place.key, value) else { break }
            found.append((place.key, value))
        }
        return found
    }
}
