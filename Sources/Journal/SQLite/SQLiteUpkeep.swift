internal import Events
internal import Foundation
internal import GRDB
internal import Platform
internal import Wire

// Looking after the journal, between appends.
extension SQLiteHome {
    /// Lets the write-ahead log be copied into the file when it has grown.
    package func settle() throws {
        pool.writeWithoutTransaction { checkpointer.committed($0) }
        if let fault = checkpointer.takeFault() { throw fault }
    }

    /// One step: a checkpoint if it is due, then one of retention.
    package func upkeep() throws -> Bool {
        if live.withLock({ $0.sinceCheckpoint >= Limits.checkpointEvents }) { try checkpoint() }
        return try trim() == Limits.trimEvents
    }

    /// Whether what is over retention's bytes would let the file grow beyond its bound.
    package func isOverfull() -> Bool {
        let most = DiskBudget(retention).overfullBytes
        return live.withLock { $0.meta.bytes > most }
    }

    /// Saves the rooms, closes the file and lets go of the data folder.
    package func close() throws {
        // Without the checkpoint the next start replays more, and that is all: it must not keep the file open.
        let checkpoint = Result { try self.checkpoint() }
        try reporting("close") {
            try checkpointer.stop()
            try pool.close()
        }
        live.withLock { $0.lock = nil }
        try checkpoint.get()
    }

    /// Saves the rooms that changed since the last checkpoint, so that a restart need not replay what is before.
    package func checkpoint() throws {
        try live.withLock { live in
            guard live.sinceCheckpoint > 0 || !live.dirty.isEmpty else { return }
            var meta = live.meta
            meta.checkpoint = live.head
            let changes = live.fold.memory.changes
            try reporting("checkpoint") {
                try pool.transaction { db in
                    for key in live.dirty { try Self.save(db, key, live.fold) }
                    if changes != live.savedMemory { try Self.save(db, live.fold.memory) }
                    try meta.save(db)
                }
            }
            live.meta = meta
            live.dirty = []
            live.savedMemory = changes
            live.sinceCheckpoint = 0
        }
    }

    /// Removes what retention does not keep, at most ``Limits/trimEvents`` events a call so that ingest never waits
    /// long, oldest first. Dedupe entries go with their events. Returns how many went.
    @discardableResult
    package func trim() throws -> Int {
        observeClock()
        guard let step = try live.withLock({ try surplus(of: $0.meta, $0.clock) }) else { return 0 }
        // A restart replays from the checkpoint, so nothing behind it may go.
        if live.withLock({ $0.meta.checkpoint < step.through }) { try checkpoint() }
        return try live.withLock { live in
            var meta = live.meta
            meta.trimmed = step.through
            meta.events -= step.events
            meta.bytes -= step.bytes
            let keys = try reporting("trim") {
                try pool.transaction { db in try Self.delete(db, through: step.through, meta) }
            }
            live.meta = meta
            live.clock.removed(through: step.through)
            for (hash, id) in keys { live.seen.remove(hash, id) }
            return step.events
        }
    }

    private struct Surplus {
        var through: EventID
        var events = 0
        var bytes = 0
    }

    private func surplus(of meta: JournalMeta, _ clock: RetentionClock) throws -> Surplus? {
        let retention = retention
        return try reporting("trim") {
            try pool.read { db in
                var surplus: Surplus?
                let statement = try db.cachedStatement(
                    sql: """
                        SELECT id, length(json) + ifnull(length(raw), 0) + ifnull(length(CAST(users AS BLOB)), 0)
                        FROM events ORDER BY id LIMIT ?
                        """)
                let rows = try Row.fetchCursor(statement, arguments: [Limits.trimEvents])
                while let row = try rows.next() {
                    let id = EventID(rawValue: row[0])
                    let removed = surplus ?? Surplus(through: id)
                    let events = meta.events - removed.events
                    let bytes = meta.bytes - removed.bytes
                    guard retention.exceeds(oldestAge: clock.age(of: id), events: events, bytes: bytes) else { break }
                    surplus = Surplus(
                        through: id, events: removed.events + 1,
                        bytes: removed.bytes + row[1] + Limits.eventOverheadBytes)
                }
                return surplus
            }
        }
    }

    /// Deletes events with their dedupe entries; returns the keys that went.
    private static func delete(
        _ db: Database, through id: EventID, _ meta: JournalMeta
    ) throws -> [(hash: Int, id: EventID)] {
        var keys: [(hash: Int, id: EventID)] = []
        let statement = try db.cachedStatement(sql: "SELECT id, source, key FROM dedupe WHERE id <= ?")
        let rows = try Row.fetchCursor(statement, arguments: [id.rawValue])
        while let row = try rows.next() {
            keys.append((DedupeIndex.Key(row, source: 1, key: 2).hash, EventID(rawValue: row[0])))
        }
        try db.cachedStatement(sql: "DELETE FROM dedupe WHERE id <= ?").execute(arguments: [id.rawValue])
        try db.cachedStatement(sql: "DELETE FROM events WHERE id <= ?").execute(arguments: [id.rawValue])
        try meta.save(db)
        return keys
    }

    private static func save(_ db: Database, _ key: RoomKey, _ fold: RoomFold) throws {
        guard let state = fold.state(of: key) else {
            try db.cachedStatement(sql: "DELETE FROM rooms WHERE source = ? AND name = ?")
                .execute(arguments: [key.source.string, key.name.string])
            return
        }
        let json = Data(JSONWriter.bytes { StoredRoom(state: state, heardAt: fold.heardAt(key)).write(to: &$0) })
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO rooms (source, name, json) VALUES (?, ?, ?)")
            .execute(arguments: [key.source.string, key.name.string, json])
    }

    private static func save(_ db: Database, _ memory: FoldMemory) throws {
        let json = Data(JSONWriter.bytes { writer in writer.object { memory.write(to: &$0) } })
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO memory (one, json) VALUES (1, ?)")
            .execute(arguments: [json])
    }
}
