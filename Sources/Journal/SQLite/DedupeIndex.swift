internal import Events
internal import GRDB
internal import Wire

/// Which idempotency keys the journal has seen, in memory: a hash of each leads to its row in the table `dedupe`.
///
/// An index of the table would do without the memory (some 30 bytes an event), but keys are random, so that each
/// would touch a page of its own: that cost as much again as all the rest of an append, and thrice as much as all
/// the rest of trimming. By id the table grows at one end and shrinks at the other.
struct DedupeIndex: Sendable {
    /// One provider's id of an event.
    struct Key: Sendable, Equatable {
        let source: WireText
        let key: WireText

        init(source: WireText, key: WireText) {
            self.source = source
            self.key = key
        }

        /// A key of the table.
        init(_ row: Row, source: Int, key: Int) {
            self.init(source: WireText(row[source] as String), key: WireText(row[key] as String))
        }

        /// Random for each process, so that no sender can choose keys that collide.
        var hash: Int {
            var hasher = Hasher()
            hasher.combine(source)
            hasher.combine(key)
            return hasher.finalize()
        }
    }

    private var ids: [Int: EventID] = [:]

    init() {}

    /// How many keys are remembered.
    var count: Int { ids.count }

    subscript(hash: Int) -> EventID? { ids[hash] }

    mutating func insert(_ hash: Int, _ id: EventID) { ids[hash] = id }

    mutating func remove(_ hash: Int, _ id: EventID) {
        if ids[hash] == id { ids.removeValue(forKey: hash) }
    }
}

/// The keys of one transaction on top of those that are committed.
struct DedupeBatch {
    private let statement: Statement
    /// Keys of this batch with the ids of their events.
    private(set) var new: [Int: (key: DedupeIndex.Key, id: EventID)] = [:]

    init(_ db: Database) throws {
        statement = try db.cachedStatement(sql: "SELECT source, key FROM dedupe WHERE id = ?")
    }

    /// The id of the event whose key this is; nil if it was not seen before. A hash alone does not decide: the key is
    /// compared with the one it found.
    func id(of key: DedupeIndex.Key, _ hash: Int, _ index: DedupeIndex) throws -> EventID? {
        if let found = new[hash] { return found.key == key ? found.id : nil }
        guard let id = index[hash],
            let row = try Row.fetchOne(statement, arguments: [id.rawValue])
        else { return nil }
        return DedupeIndex.Key(row, source: 0, key: 1) == key ? id : nil
    }

    /// Remembers a key. One whose hash another key has already, which happens once in some 10^13 events, is not
    /// remembered: a repetition of it would be relayed twice.
    mutating func insert(_ key: DedupeIndex.Key, _ hash: Int, _ id: EventID, _ index: DedupeIndex) {
        if new[hash] == nil, index[hash] == nil { new[hash] = (key, id) }
    }
}
