internal import Events
internal import GRDB
internal import Wire

/// The tables of the journal, and the version they are of.
enum SQLiteSchema {
    /// Kept in the file as `user_version`. A newer one is refused; an older one will be brought up here.
    static let version = 1

    /// Makes the tables in a new file, and refuses one it cannot read.
    static func prepare(_ db: Database) throws {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw JournalError(
                operation: "open",
                text: "the journal was written by a newer roomwire: its schema is \(found), this one reads \(version)",
                needsOperator: true)
        }
        guard found == 0 else { return }
        guard try db.tableExists("events") == false else {
            throw JournalError(operation: "open", text: "the file holds tables of something else", needsOperator: true)
        }
        try db.execute(sql: tables)
        try db.execute(sql: "PRAGMA user_version = \(version)")
    }

    // events: one row an event; `id` is EventID.rawValue and the rowid, so appending is always at the end, and
    // retention cuts off the front. `users` is a JSON array; `json` and `raw` are UTF-8 bytes.
    //
    // dedupe: the provider's idempotency key of the event `id`; synthetic events have none. See DedupeIndex.
    //
    // meta: the one row that makes counts exact after a restart without counting.
    // rooms, memory: the fold's state as of meta.checkpoint.
    private static let tables = """
        CREATE TABLE events (id INTEGER PRIMARY KEY, users TEXT, json BLOB NOT NULL, raw BLOB);
        CREATE TABLE dedupe (id INTEGER PRIMARY KEY, source TEXT NOT NULL, key TEXT NOT NULL);
        CREATE TABLE meta (
            one INTEGER PRIMARY KEY CHECK (one = 1), trimmed INTEGER NOT NULL, checkpoint INTEGER NOT NULL,
            events INTEGER NOT NULL, bytes INTEGER NOT NULL);
        CREATE TABLE rooms (
            source TEXT NOT NULL, name TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY (source, name)) WITHOUT ROWID;
        CREATE TABLE memory (one INTEGER PRIMARY KEY CHECK (one = 1), json BLOB NOT NULL);
        INSERT INTO meta VALUES (1, 0, 0, 0, 0);
        """
}

/// The row of `meta`.
struct JournalMeta: Sendable {
    /// The last id that retention removed.
    var trimmed: EventID
    /// The last event that `rooms` and `memory` have in them.
    var checkpoint: EventID
    /// How many events there are.
    var events: Int
    /// How many bytes they count for retention.
    var bytes: Int

    init(_ db: Database) throws {
        let statement = try db.cachedStatement(sql: "SELECT trimmed, checkpoint, events, bytes FROM meta")
        guard let row = try Row.fetchOne(statement) else {
            throw JournalError(operation: "open", code: JournalError.damaged, text: "the table meta is empty")
        }
        trimmed = EventID(rawValue: row[0])
        checkpoint = EventID(rawValue: row[1])
        events = row[2]
        bytes = row[3]
    }

    func save(_ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE meta SET trimmed = ?, checkpoint = ?, events = ?, bytes = ?")
            .execute(arguments: [trimmed.rawValue, checkpoint.rawValue, events, bytes])
    }
}

/// Runs `body` and says of an error of SQLite what was being done, and not with which values.
func reporting<Result>(_ operation: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw JournalError(sqlite: error, during: operation) }
}

extension JournalError {
    /// An error of SQLite, with what was being done; of any other what ``init(_:during:)`` tells.
    init(sqlite error: any Error, during operation: String) {
        guard let error = error as? DatabaseError else {
            self.init(error, during: operation)
            return
        }
        self.init(
            operation: operation, code: error.extendedResultCode.rawValue,
            text: error.message ?? error.extendedResultCode.description)
    }
}
