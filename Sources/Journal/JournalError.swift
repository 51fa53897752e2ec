/// A fault of the journal's home: the disk is full, the file is damaged, another relay has it open.
package struct JournalError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was being done: `open`, `append`, `page`, `trim`, …
    package let operation: String
    /// The extended result code of the home, SQLite's as a rule; 0 where there is none.
    package let code: Int32
    /// What the home says. It names no value of any event, so it may be logged.
    package let text: String

    /// True if the journal stays as unusable as it is until an operator does something: it is damaged, or of a newer
    /// version.
    package let needsOperator: Bool

    /// A fault.
    package init(operation: String, code: Int32 = 0, text: String, needsOperator: Bool = false) {
        self.operation = operation
        self.code = code
        self.text = text
        self.needsOperator = needsOperator
    }

    /// SQLite's code for a damaged file (SQLITE_CORRUPT), also for rows that are none of ours.
    static let damaged: Int32 = 11
    /// SQLite's code for a file that is no database (SQLITE_NOTADB).
    private static let noDatabase: Int32 = 26

    /// SQLite's extended codes for what the disk does not give back: SQLITE_IOERR_READ, _SHORT_READ, _CORRUPTFS.
    private static let unreadable: Set<Int32> = [266, 522, 8458]

    /// True if a part of the file cannot be read as what it was: another try will fail as well.
    package var isDamage: Bool {
        // The upper bits of an extended code say more about the same.
        [Self.damaged, Self.noDatabase].contains(code & 0xFF) || Self.unreadable.contains(code)
    }

    /// What to do about a damaged file, from a verb on.
    static func remedy(_ path: String) -> String {
        "restore a copy, or rebuild the file to save its events: sqlite3 \(path) .recover. To begin a new journal, move "
            + "it away together with \(path)-wal and \(path)-shm: subscribers are told resync, and rooms fill as webhooks come"
    }

    /// This fault with where it was met, if it is damage.
    func at(_ place: String) -> JournalError {
        guard isDamage else { return self }
        return JournalError(operation: operation, code: code, text: "\(text), \(place)", needsOperator: needsOperator)
    }

    /// This error of opening a journal, with what to do about it if the file is damaged.
    func withRemedy(_ path: String) -> JournalError {
        guard isDamage else { return self }
        let text =
            "\(path) is damaged (\(text)). To begin a new journal, move it away together with \(path)-wal and "
            + "\(path)-shm: subscribers are told resync, and rooms fill as webhooks come. To save its events, "
            + "restore a copy, or rebuild the file first: sqlite3 \(path) .recover"
        return JournalError(operation: operation, code: code, text: text, needsOperator: true)
    }

    /// Any error of a home as a fault of this operation. Of other errors than ``JournalError`` only the type is told,
    /// since their text might quote values.
    init(_ error: any Error, during operation: String) {
        self = error as? JournalError ?? JournalError(operation: operation, text: "\(type(of: error))")
    }

    /// One line for the log.
    package var description: String {
        code == 0 ? "journal: \(operation): \(text)" : "journal: \(operation): \(text) (\(code))"
    }
}
