package import Events
internal import Foundation
internal import GRDB
internal import Platform
package import Wire

/// The log in one SQLite file (WAL): one writer, and readers that see whole transactions and wait for nobody.
///
/// What is kept in memory beside it, ids and rooms, changes only after a commit has succeeded. A failed append thus
/// leaves everything as it was, and the next one finds the disk as it then is.
package final class SQLiteHome: JournalHome {
    /// What a home keeps in memory.
    struct Live: Sendable {
        var meta: JournalMeta
        /// The last id given out.
        var head: EventID
        var fold: RoomFold
        /// The keys of all events in the log.
        var seen: DedupeIndex
        /// Rooms that differ from those of the checkpoint.
        var dirty: Set<RoomKey>
        /// `fold.memory.changes` as of the checkpoint.
        var savedMemory: Int
        /// How many events came after the checkpoint.
        var sinceCheckpoint: Int
        /// How old events are.
        var clock: RetentionClock
        /// Steps of the wall clock that the writer has not logged yet.
        var jumps: [ClockJump] = []
        /// Held until the home is closed.
        var lock: FolderLock?

        /// Takes what the clocks show.
        mutating func observe(_ reading: ClockReading) {
            guard let jump = clock.observe(reading), jumps.count < Self.mostJumps else { return }
            jumps.append(jump)
        }

        private static let mostJumps = 16

        var extent: JournalExtent { JournalExtent(trimmedThrough: meta.trimmed, head: head) }
    }

    let pool: DatabasePool
    let checkpointer: WALCheckpointer
    let live: Monitor<Live>
    private let bounds: Monitor<Retention>
    private let clock: @Sendable () -> ClockReading
    private let roomBounds: Monitor<RoomBounds>
    /// What is kept of the log.
    package var retention: Retention { bounds.withLock { $0 } }
    /// What a committed event survives.
    package let durability: Durability

    /// The file's name within the data folder.
    package static let fileName = "log.sqlite"

    /// Opens the log in a data folder, and makes both if they are not there.
    ///
    /// - Parameters:
    ///   - folder: path of the data folder; made so that only its owner can read it, since raw bodies are in there.
    ///   - durability: what a committed event survives.
    ///   - retention: what is kept. By age, an event of this run goes by the time that has passed since, and one of
    ///     an earlier run by its id once the wall clock has been steady: its steps remove nothing.
    ///   - rooms: what bounds the rooms that are open.
    ///   - clock: reads the machine's clocks.
    /// - Throws: ``JournalError`` if the folder cannot be written, another process has the log open, the file is
    ///   damaged, or a newer version wrote it.
    package init(
        folder: String, durability: Durability = .full, retention: Retention = Retention(),
        rooms: RoomBounds = RoomBounds(), clock: @escaping @Sendable () -> ClockReading = { .now() }
    ) throws {
        self.durability = durability
        self.clock = clock
        bounds = Monitor(retention)
        roomBounds = Monitor(rooms)
        (pool, checkpointer, live) = try Self.openAll(folder, durability, retention, clock())
        live.withLock { $0.fold.mostRooms = rooms.rooms }
    }

    private static func openAll(
        _ folder: String, _ durability: Durability, _ retention: Retention, _ reading: ClockReading
    ) throws -> (DatabasePool, WALCheckpointer, Monitor<Live>) {
        let path = folder + "/" + fileName
        do {
            return try reporting("open") {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                let lock = try FolderLock(path: folder + "/log.lock")
                let pool = try open(path, durability, retention)
                let live = Monitor(try Live(restoring: pool, lock: lock, at: reading))
                return (pool, try WALCheckpointer(path: path, mostPages: DiskBudget(retention).walPages), live)
            }
        } catch let error as JournalError {
            throw error.withRemedy(path)
        }
    }

    deinit {
        // For a home that nobody closed.
        try? checkpointer.stop()
    }

    private static func open(
        _ path: String, _ durability: Durability, _ retention: Retention
    ) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "journal"
        configuration.maximumReaderCount = JournalReader.threads + 1
        configuration.busyMode = .timeout(5)
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { db in
            // After opening, since GRDB sets `synchronous` itself when it turns WAL on.
            try db.execute(sql: "PRAGMA synchronous = \(durability == .full ? "FULL" : "NORMAL")")
            try DiskBudget(retention).apply(db)
        }
        try pool.write(SQLiteSchema.prepare)
        // Without it the file stays as large as it is, and there may be no space for what this takes.
        try? DiskBudget.giveBack(pool, retention)
        return pool
    }

    /// Keeps so much from now on. The file gives back what that frees at the next start.
    package func keep(_ retention: Retention) {
        bounds.withLock { $0 = retention }
        let budget = DiskBudget(retention)
        checkpointer.keep(mostPages: budget.walPages)
        // It fails in no way that the next commit would not fail in, and that one is told.
        try? pool.writeWithoutTransaction { try budget.apply($0) }
    }

    /// What the clocks show now.
    func observeClock() {
        let reading = clock()
        live.withLock { $0.observe(reading) }
    }

    /// Steps of the wall clock since this was last asked.
    package func takeClockJumps() -> [ClockJump] {
        live.withLock { live in
            defer { live.jumps = [] }
            return live.jumps
        }
    }

    /// Has so many rooms open, and so silent ones, from now on. Rooms that are open stay.
    package func keep(_ rooms: RoomBounds) {
        roomBounds.withLock { $0 = rooms }
        live.withLock { $0.fold.mostRooms = rooms.rooms }
    }

    /// The finishes of rooms that nothing was heard from for too long; see ``JournalHome/staleRooms(now:)``.
    package func staleRooms(now: WallTime) -> [Draft] {
        guard let after = roomBounds.withLock({ $0.staleAfterMilliseconds }) else { return [] }
        observeClock()
        return live.withLock { live in
            live.fold.staleRooms(events: Limits.staleRoomEvents, now: now) { live.clock.age(of: $0) > after }
        }
    }

    /// Commits drafts in one transaction; see ``JournalHome/append(_:now:)``.
    package func append(_ drafts: [Draft], now: WallTime) throws -> Commit {
        try live.withLock { live in
            // After a commit there is nothing left to discard.
            defer { live.fold.discard() }
            let (batch, meta) = try reporting("append") {
                try pool.transaction { db in
                    var batch = try AppendBatch(db, drafts: drafts.count, head: live.head, now: now)
                    for draft in drafts { try batch.append(draft, &live.fold, live.seen) }
                    var meta = live.meta
                    meta.events += batch.events.count
                    meta.bytes += batch.bytes
                    if !batch.events.isEmpty { try meta.save(db) }
                    return (batch, meta)
                }
            }
            live.meta = meta
            live.head = batch.head
            live.observe(clock())
            if !batch.events.isEmpty { live.clock.committed(through: batch.head) }
            live.sinceCheckpoint += batch.events.count
            for (hash, entry) in batch.keys.new { live.seen.insert(hash, entry.id) }
            live.dirty.formUnion(live.fold.heardRooms)
            let rooms = live.fold.commit(at: live.clock.now)
            live.dirty.formUnion(rooms.keys)
            return Commit(
                events: batch.events, rooms: rooms, extent: live.extent, verdicts: batch.verdicts)
        }
    }

    /// The ends of the log. Waits for an append that is under way, as ``rooms()`` does.
    package func extent() throws -> JournalExtent {
        live.withLock { $0.extent }
    }

    /// Every open room, in no order.
    package func rooms() throws -> [RoomState] {
        live.withLock { $0.fold.rooms }
    }

    /// The extent and the open rooms of one moment; see ``JournalHome/currentState()``.
    package func currentState() throws -> JournalState {
        live.withLock { JournalState(extent: $0.extent, rooms: $0.fold.rooms) }
    }

    /// What the log holds, as retention counts it.
    package func size() throws -> JournalSize {
        let (meta, rooms) = live.withLock { ($0.meta, $0.fold.roomCount) }
        let oldest = try reporting("size") {
            try pool.read { try Int64.fetchOne($0.cachedStatement(sql: "SELECT min(id) FROM events")) }
        }
        return JournalSize(
            events: meta.events, bytes: meta.bytes, oldest: oldest.map { EventID(rawValue: $0).time },
            rooms: rooms)
    }

    /// Shows that the log takes events; see ``JournalHome/probe(_:now:)``.
    package func probe(_ draft: Draft, now: WallTime) throws {
        try live.withLock { live in
            try reporting("probe") {
                try pool.transaction { db in
                    // No reader sees inside a transaction: to them the row was never there.
                    let id = live.head.next(at: now)
                    try AppendBatch.insertAndDelete(db, JournalEvent(id: id, event: draft.event, raw: draft.raw))
                    // Saved as it was, so that there is something to commit.
                    try live.meta.save(db)
                }
            }
        }
    }
}
