internal import Events
internal import GRDB
internal import GRDBSQLite
internal import Glibc
internal import Platform
internal import Wire

/// Copies what was committed from SQLite's write-ahead log into its file, beside the writer.
///
/// Left to itself, SQLite does that within the commit that finds a thousand pages in the write-ahead log, and whoever
/// waits for that commit waits for all of them: under load some five milliseconds, several times a second. Here a
/// thread of its own copies while commits go on, over a connection of its own and behind the loops in the processor's
/// eyes. Pages that are committed meanwhile are left over each time, so once they are few the writer copies those
/// between two commits, and SQLite begins the write-ahead log anew.
///
/// If this does not keep up, or fails, the writer waits for it or copies by itself, from ``DiskBudget/walPages`` on,
/// and waits for readers of what is older, so that the write-ahead log has a bound.
///
/// Call ``stop()`` before releasing it: its thread retains it.
final class WALCheckpointer: Sendable {
    private enum Phase {
        /// Too little was written for it to be worth the disk's time.
        case idle
        case copying
        /// What is left is the writer's.
        case copied
    }

    private struct State: Sendable {
        var phase = Phase.idle
        /// What the writer's connection has written since the last round ended, in pages.
        var written = 0
        /// From so many pages on the writer goes on only when they are copied.
        var mostPages: Int
        var isStopping = false
        var isStopped = false
        var fault: JournalError?
    }

    private let connection: DatabaseQueue
    private let state: Monitor<State>

    /// Starts the thread, for the database at `path`.
    /// - Parameter mostPages: pages in the write-ahead log from which on the writer waits until they are copied.
    init(path: String, mostPages: Int) throws {
        state = Monitor(State(mostPages: mostPages))
        var configuration = Configuration()
        configuration.label = "journal-wal"
        connection = try DatabaseQueue(path: path, configuration: configuration)
        try NamedThread.start(name: "journal-wal") { self.run() }
    }

    /// To be called by the writer between two transactions, with its connection.
    func committed(_ writer: Database) {
        let pages = Self.takePagesWritten(writer)
        waitIfTooMany(with: pages)
        let (isDue, isTheWritersTurn) = state.withLock { state in
            state.written += pages
            let isTheWritersTurn = state.phase == .copied
            if isTheWritersTurn {
                state.phase = .idle
                state.written = 0
            }
            return (state.phase == .idle && state.written >= Limits.walCheckpointPages, isTheWritersTurn)
        }
        if isDue { state.change { $0.phase = .copying } }
        // Others may read what is older, and the rest stays until the next round then.
        guard isTheWritersTurn, let counts = try? writer.checkpoint(.passive) else { return }
        // Unless that has gone on for too long: pages are only appended until all readers have let go of the old ones.
        if counts.walFrameCount >= state.withLock({ $0.mostPages }) { _ = try? writer.checkpoint(.restart) }
    }

    /// Lets a copy that is under way end if the write-ahead log has grown to its bound meanwhile.
    private func waitIfTooMany(with pages: Int) {
        let isTooMany = state.withLock { $0.phase == .copying && $0.written + pages >= $0.mostPages }
        guard isTooMany else { return }
        _ = state.wait(milliseconds: Self.mostWaitMilliseconds) { $0.phase == .copying ? nil : true }
    }

    /// Has another bound count from now on.
    func keep(mostPages: Int) {
        state.withLock { $0.mostPages = mostPages }
    }

    /// What went wrong since this was last asked.
    func takeFault() -> JournalError? {
        state.withLock { state in
            defer { state.fault = nil }
            return state.fault
        }
    }

    /// True when nothing is being copied and nothing is left for the writer.
    var isIdle: Bool { state.withLock { $0.phase == .idle } }

    /// Returns when the thread has ended, and its connection is closed.
    func stop() throws {
        state.change { $0.isStopping = true }
        _ = state.wait { $0.isStopped ? true : nil }
        try connection.close()
    }

    private func run() {
        // Behind the loops, and yet with its share of a core that is never idle. Of the thread, since Linux takes it
        // so.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
        while state.wait(until: { $0.isStopping ? false : $0.phase == .copying ? true : nil }) == true {
            let fault = copy()
            state.change { state in
                state.phase = .copied
                state.fault = fault ?? state.fault
            }
        }
        state.change { $0.isStopped = true }
    }

    /// Copies until little is left, or as little as there will be.
    private func copy() -> JournalError? {
        let result = Result {
            try reporting(Self.operation) {
                for _ in 0..<Self.mostPasses {
                    let counts = try connection.writeWithoutTransaction { try $0.checkpoint(.passive) }
                    guard counts.walFrameCount - counts.checkpointedFrameCount > Limits.walRestPages else { return }
                }
            }
        }
        guard case .failure(let error) = result else { return nil }
        let fault = JournalError(error, during: Self.operation)
        // The writer may be copying by itself at the moment.
        return fault.code & 0xFF == SQLITE_BUSY ? nil : fault
    }

    private static let operation = "copy from the write-ahead log"
    /// Each pass leaves less, unless a reader holds on to what is older.
    private static let mostPasses = 4
    /// A disk that takes longer for some megabytes does not keep webhooks waiting any longer.
    private static let mostWaitMilliseconds = 1_000

    /// Pages that a connection has written to the write-ahead log since this was last asked.
    private static func takePagesWritten(_ db: Database) -> Int {
        var current: CInt = 0
        var highest: CInt = 0
        // SQLite counts in 32 bits, which are full after some days unless the count begins anew each time.
        sqlite3_db_status(db.sqliteConnection, SQLITE_DBSTATUS_CACHE_WRITE, &current, &highest, 1)
        return Int(current)
    }
}
