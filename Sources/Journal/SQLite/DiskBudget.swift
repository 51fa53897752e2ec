internal import Events
internal import GRDB
internal import Wire

/// What the journal's files may take beside what retention keeps, so that a small journal stays small on disk.
///
/// `log.sqlite` and its write-ahead log together take at most two and a half times ``Retention/bytes`` and
/// ``Limits/diskSlackBytes``. Twice is for events of 2 to 4 KiB, each of which has a page of SQLite's for itself;
/// others fill their pages. A quarter is the write-ahead log, and a sixteenth are events that wait to be removed. The
/// rest is what these come to at least, and one transaction.
struct DiskBudget: Sendable, Equatable {
    /// Pages in the write-ahead log from which on the writer's commits copy them, whatever that takes.
    let walPages: Int
    /// Bytes of events, as retention counts them, from which on removing some does not wait for its time.
    let overfullBytes: Int

    init(_ retention: Retention) {
        let bytes = retention.bytes ?? .max
        walPages = min(max(bytes / 4 / Self.pageBytes, Limits.leastWALPages), Limits.walPages)
        let (sum, overflows) = bytes.addingReportingOverflow(max(bytes / 16, Limits.overfullBytes))
        overfullBytes = overflows ? .max : sum
    }

    /// SQLite's own choice.
    static let pageBytes = 4096

    /// Has a connection that writes keep the write-ahead log's file within the bound.
    func apply(_ db: Database) throws {
        try db.execute(sql: "PRAGMA wal_autocheckpoint = \(walPages)")
        try db.execute(sql: "PRAGMA journal_size_limit = \(walPages * Self.pageBytes)")
    }

    /// Shrinks a file of which most is free, as after a change to a shorter retention. SQLite uses free
    /// pages again anyway, so this runs only at the start, when no webhook waits for the writer.
    static func giveBack(_ pool: DatabasePool, _ retention: Retention) throws {
        guard let bytes = retention.bytes else { return }
        try pool.writeWithoutTransaction { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
            guard free > pages / 2, free * pageBytes > Limits.diskSlackBytes / 2, pages * pageBytes / 2 > bytes else {
                return
            }
            // What is left goes through a temporary file otherwise, which is in another folder.
            if (pages - free) * pageBytes <= Limits.diskSlackBytes { try db.execute(sql: "PRAGMA temp_store = MEMORY") }
            defer { try? db.execute(sql: "PRAGMA temp_store = DEFAULT") }
            try db.execute(sql: "VACUUM")
            _ = try db.checkpoint(.truncate)
        }
    }
}
