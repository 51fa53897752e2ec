package import Events
internal import GRDB
package import Wire

// Reading: on connections of its own, each time of one transaction's view of the log.
extension SQLiteHome {
    /// Events after a cursor, with the ends of the log in the same view of it.
    package func page(after cursor: EventID, events: Int, bytes: Int) throws -> JournalPage {
        var good = 0
        do {
            return try page(after: cursor, events: events, bytes: bytes, good: &good)
        } catch let error as JournalError {
            guard error.isDamage, good > 0 else { throw error.at("after event \(cursor)") }
            // What stands before a damaged place is sent, and every stream comes to stand at the same event.
            return try page(after: cursor, events: good, bytes: bytes, good: &good)
        }
    }

    /// - Parameter good: becomes the number of events that were read, also when this throws.
    private func page(after cursor: EventID, events: Int, bytes: Int, good: inout Int) throws -> JournalPage {
        try reporting("page") {
            try pool.read { db in
                let extent = try Self.extent(db)
                let found = try Self.events(db, after: cursor, events: events, bytes: bytes, good: &good)
                return JournalPage(
                    after: cursor, events: found, hasMore: (found.last?.id ?? cursor) < extent.head,
                    cursorIsKnown: try Self.isKnown(db, cursor, next: found.first?.id, extent), extent: extent)
            }
        }
    }

    /// The cursor after which the first event is the first committed at `time` or later.
    package func cursor(since time: WallTime) throws -> EventID {
        let milliseconds = min(max(time.milliseconds, 0), EventID.largestMilliseconds)
        let first = EventID(milliseconds: milliseconds, sequence: 0)
        return try cursor(sql: "SELECT max(id) FROM events WHERE id < ?", first.rawValue)
    }

    /// The cursor that `count` events follow, or all there are.
    package func cursor(beforeLast count: Int) throws -> EventID {
        try cursor(sql: "SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?", Int64(max(count, 0)))
    }

    /// The id that a query gives; where it gives none all events are asked for.
    private func cursor(sql: String, _ argument: Int64) throws -> EventID {
        try reporting("cursor") {
            try pool.read { db in
                if let id = try Int64.fetchOne(db, sql: sql, arguments: [argument]) { return EventID(rawValue: id) }
                return try JournalMeta(db).trimmed
            }
        }
    }

    private static func extent(_ db: Database) throws -> JournalExtent {
        let trimmed = try JournalMeta(db).trimmed
        let last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(id) FROM events")) ?? 0
        return JournalExtent(trimmedThrough: trimmed, head: max(EventID(rawValue: last), trimmed))
    }

    private static func events(
        _ db: Database, after cursor: EventID, events limit: Int, bytes: Int, good: inout Int
    ) throws -> [JournalEvent] {
        var events: [JournalEvent] = []
        var size = 0
        let statement = try db.cachedStatement(sql: EventRow.sql)
        let rows = try Row.fetchCursor(statement, arguments: [cursor.rawValue, limit])
        while events.isEmpty || size < bytes, let row = try rows.next() {
            let logged = try EventRow.logged(row)
            events.append(logged)
            good = events.count
            size += logged.bytes
        }
        return events
    }

    private static func isKnown(
        _ db: Database, _ cursor: EventID, next: EventID?, _ extent: JournalExtent
    ) throws -> Bool {
        if cursor == .zero || cursor == extent.trimmedThrough { return true }
        if let next, cursor.isPlace(before: next) { return true }
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM events WHERE id = ?")
        return try Int.fetchOne(statement, arguments: [cursor.rawValue]) != nil
    }
}
