/// A fault of the log's home: the disk is full, the file is damaged, another relay has it open.
public struct JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was being done: `open`, `append`, `page`, `trim`, …
    public let operation: String
    /// The extended result code of the home, SQLite's as a rule; 0 where there is none.
    public let code: Int32
    /// What the home says. It names no value of any event, so it may be logged.
    public let text: String

    /// A fault.
    public init(operation: String, code: Int32 = 0, text: String) {
        self.operation = operation
        self.code = code
        self.text = text
    }

    /// Any error of a home as a fault of this operation; of one that is no fault yet only the kind is told, since
    /// its text might quote values.
    init(_ error: any Error, during operation: String) {
        self = error as? JournalError ?? JournalError(operation: operation, text: "\(type(of: error))")
    }

    /// One line for the log.
    public var description: String {
        code == 0 ? "journal: \(operation): \(text)" : "journal: \(operation): \(text) (\(code))"
    }
}
