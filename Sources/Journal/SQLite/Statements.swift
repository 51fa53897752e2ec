internal import GRDB
internal import GRDBSQLite

extension DatabasePool {
    /// What GRDB's own `write` does, with BEGIN and COMMIT prepared once: it would compile both for each transaction.
    func transaction<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try writeWithoutTransaction { db in
            try db.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
            do {
                let result = try body(db)
                try db.cachedStatement(sql: "COMMIT").execute()
                return result
            } catch {
                // SQLite may have rolled back by itself, on a full disk for one. What went wrong first is what is told.
                if db.isInsideTransaction { try? db.rollback() }
                throw error
            }
        }
    }
}

/// A statement that is executed once for each event, with its values bound straight into it.
///
/// GRDB takes values as an array of boxes and copies them more than once, which costs more than SQLite's insert
/// itself. Here they are lent: bytes and texts stay where they are until ``execute()`` returns.
struct EventStatement {
    private let statement: Statement
    private let handle: OpaquePointer

    init(_ db: Database, sql: String) throws {
        statement = try db.cachedStatement(sql: sql)
        handle = statement.sqliteStatement
        // So that GRDB does not look for the arguments it did not bind.
        statement.setUncheckedArguments(StatementArguments())
    }

    func bind(_ number: Int64, at index: Int32) {
        sqlite3_bind_int64(handle, index, number)
    }

    func bindNull(at index: Int32) {
        sqlite3_bind_null(handle, index)
    }

    /// Bytes that must stay where they are until the statement was executed; nil for NULL.
    func bind(_ bytes: UnsafeRawBufferPointer?, at index: Int32) {
        guard let bytes else { return bindNull(at: index) }
        guard let start = bytes.baseAddress, !bytes.isEmpty else {
            sqlite3_bind_zeroblob(handle, index, 0)
            return
        }
        sqlite3_bind_blob64(handle, index, start, UInt64(bytes.count), nil)
    }

    /// A text that must stay where it is until the statement was executed.
    func bind(text: UnsafeBufferPointer<UInt8>, at index: Int32) {
        text.withMemoryRebound(to: CChar.self) { text in
            // An empty one has no address, which SQLite would take for NULL.
            guard let start = text.baseAddress else {
                sqlite3_bind_text(handle, index, "", 0, nil)
                return
            }
            sqlite3_bind_text64(handle, index, start, UInt64(text.count), nil, UInt8(SQLITE_UTF8))
        }
    }

    func execute() throws {
        // SQLite binds only to a statement that was reset after its last run.
        defer { sqlite3_reset(handle) }
        try statement.execute()
    }
}
