internal import Events
internal import Foundation
internal import GRDB
internal import Wire

extension SQLiteHome.Live {
    /// What the file says: the rooms of the checkpoint, and every event after it folded onto them.
    init(restoring pool: DatabasePool, lock: FolderLock, at reading: ClockReading) throws {
        self = try pool.read { db in
            let meta = try JournalMeta(db)
            let rooms = try Self.rooms(db)
            let heardAt = rooms.compactMap { room in room.heardAt.map { (room.state.key, $0) } }
            var fold = RoomFold(
                rooms: rooms.map(\.state), memory: try Self.memory(db),
                heardAt: Dictionary(heardAt) { first, _ in first })
            let savedMemory = fold.memory.changes
            var replayed = 0
            let statement = try db.makeStatement(sql: EventRow.sql)
            // -1 is SQLite's word for no limit.
            let rows = try Row.fetchCursor(statement, arguments: [meta.checkpoint.rawValue, -1])
            while let row = try rows.next() {
                let logged = try EventRow.logged(row)
                fold.record(logged.event, id: logged.id)
                replayed += 1
            }
            let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM events") ?? 0
            let heard = fold.heardRooms
            let dirty = Set(fold.commit().keys).union(heard)
            let head = max(EventID(rawValue: last), meta.trimmed)
            fold.touchesKnownSince = head
            return Self(
                meta: meta, head: head, fold: fold, seen: try Self.keys(db), dirty: dirty, savedMemory: savedMemory,
                sinceCheckpoint: replayed, clock: RetentionClock(at: reading, head: head), lock: lock)
        }
    }

    private static func rooms(_ db: Database) throws -> [StoredRoom] {
        try [UInt8].fetch(db, sql: "SELECT json FROM rooms").map { bytes in
            guard let json = try? JSONReader.value(bytes), let room = StoredRoom(json) else {
                throw JournalError(
                    operation: "open", code: JournalError.damaged, text: "a row of the table rooms is no room")
            }
            return room
        }
    }

    private static func keys(_ db: Database) throws -> DedupeIndex {
        var seen = DedupeIndex()
        let rows = try Row.fetchCursor(db, sql: "SELECT id, source, key FROM dedupe")
        while let row = try rows.next() {
            seen.insert(DedupeIndex.Key(row, source: 1, key: 2).hash, EventID(rawValue: row[0]))
        }
        return seen
    }

    private static func memory(_ db: Database) throws -> FoldMemory {
        guard let bytes = try [UInt8].fetch(db, sql: "SELECT json FROM memory").first else { return FoldMemory() }
        guard let json = try? JSONReader.value(bytes) else {
            throw JournalError(
                operation: "open", code: JournalError.damaged, text: "the row of the table memory is no JSON")
        }
        return FoldMemory(json)
    }
}

/// A row of `rooms`: the room as snapshots show it, and when it was last heard from.
struct StoredRoom {
    let state: RoomState
    /// Nil in rows of earlier versions.
    let heardAt: WallTime?

    init(state: RoomState, heardAt: WallTime?) {
        self.state = state
        self.heardAt = heardAt
    }

    init?(_ json: JSONValue) {
        guard let state = RoomState(json) else { return nil }
        self.init(state: state, heardAt: json.object?["heardAt"]?.integer.map(WallTime.init))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            state.writeMembers(to: &writer)
            writer.member("heardAt", heardAt?.milliseconds)
        }
    }
}

extension [UInt8] {
    /// The blobs of a query's first column.
    fileprivate static func fetch(_ db: Database, sql: String) throws -> [[UInt8]] {
        var blobs: [[UInt8]] = []
        let rows = try Row.fetchCursor(db, sql: sql)
        while let row = try rows.next() {
            blobs.append(try row.withUnsafeData(atIndex: 0) { Array($0 ?? .init()) })
        }
        return blobs
    }
}

/// A row of `events`, read back.
enum EventRow {
    /// Events after an id, at most so many.
    static let sql = "SELECT id, users, json, raw FROM events WHERE id > ? ORDER BY id LIMIT ?"

    /// The event as it was committed; its JSON is taken as it stands, byte for byte.
    static func logged(_ row: Row) throws -> JournalEvent {
        let id = EventID(rawValue: row[0])
        let json = try row.withUnsafeData(atIndex: 2) { [UInt8]($0 ?? .init()) }
        guard let value = try? JSONReader.value(json), var (_, event) = Event.read(value) else {
            throw JournalError(operation: "page", code: JournalError.damaged, text: "the row of \(id) is no event")
        }
        if let users: String = row[1] {
            event.users = (try? JSONReader.value(users))?.array?.compactMap(\.string) ?? []
        }
        let raw = try row.withUnsafeData(atIndex: 3) { $0.map { [UInt8]($0) } }
        return JournalEvent(id: id, event: event, json: json, raw: raw)
    }
}
