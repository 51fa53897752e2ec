internal import Events
internal import GRDB
internal import Wire

/// The drafts of one transaction on their way into the tables. What it holds becomes true when the commit succeeds.
struct AppendBatch {
    /// The last id given out.
    private(set) var head: EventID
    private let now: WallTime
    /// What is new, in order.
    private(set) var events: [JournalEvent] = []
    /// What the new events count for retention.
    private(set) var bytes = 0
    /// What became of each draft.
    private(set) var verdicts: [DraftVerdict] = []
    /// The keys of the new events.
    private(set) var keys: DedupeBatch
    private var conditions = ConditionCheck()
    private let insertEvent: EventStatement
    private let insertKey: EventStatement

    private static let insertion = "INSERT INTO events (id, users, json, raw) VALUES (?, ?, ?, ?)"

    init(_ db: Database, drafts: Int, head: EventID, now: WallTime) throws {
        verdicts.reserveCapacity(drafts)
        self.head = head
        self.now = now
        keys = try DedupeBatch(db)
        insertEvent = try EventStatement(db, sql: Self.insertion)
        insertKey = try EventStatement(db, sql: "INSERT INTO dedupe (id, source, key) VALUES (?, ?, ?)")
    }

    /// Appends a draft and the events that the fold puts before it, unless its condition does not hold or its key was
    /// there before.
    mutating func append(_ draft: Draft, _ fold: inout RoomFold, _ seen: DedupeIndex) throws {
        guard conditions.holds(for: draft, in: fold) else { return verdicts.append(.outdated) }
        verdicts.append(try appendUnconditionally(draft, &fold, seen))
    }

    private mutating func appendUnconditionally(
        _ draft: Draft, _ fold: inout RoomFold, _ seen: DedupeIndex
    ) throws -> DraftVerdict {
        let key = DedupeIndex.Key(source: draft.event.source, key: draft.idempotencyKey)
        let hash = key.hash
        let hasKey = draft.hasKey
        if try hasKey && keys.contains(key, hash, seen) { return .duplicate }
        let expanded = fold.apply(draft.event) {
            head = head.next(at: now)
            return head
        }
        for (position, entry) in expanded.enumerated() {
            // The last is the draft's own event; those before it were added.
            let isDrafts = position == expanded.count - 1
            let logged = JournalEvent(id: entry.id, event: entry.event, raw: isDrafts ? draft.raw : nil)
            try insert(logged)
            events.append(logged)
        }
        // Without an event of its own it has no id under which the key could be kept.
        if expanded.isEmpty { return .duplicate }
        if hasKey {
            try insert(key)
            keys.insert(key, hash, head, seen)
        }
        return .new
    }

    /// Writes an event's row and deletes it again.
    static func insertAndDelete(_ db: Database, _ logged: JournalEvent) throws {
        try insert(logged, users: nil, with: EventStatement(db, sql: insertion))
        try db.cachedStatement(sql: "DELETE FROM events WHERE id = ?").execute(arguments: [logged.id.rawValue])
    }

    private mutating func insert(_ logged: JournalEvent) throws {
        let users = logged.event.users.map(Self.text)
        try Self.insert(logged, users: users, with: insertEvent)
        bytes += logged.json.count + (logged.raw?.count ?? 0) + (users?.utf8.count ?? 0) + Limits.eventOverheadBytes
    }

    private static func insert(_ logged: JournalEvent, users: String?, with statement: EventStatement) throws {
        try withExtendedLifetime(logged) {
            statement.bind(logged.id.rawValue, at: 1)
            statement.bind(UnsafeRawBufferPointer(rebasing: logged.frame.buffer[logged.json]), at: 3)
            statement.bind(logged.raw?.buffer, at: 4)
            guard var users else {
                statement.bindNull(at: 2)
                return try statement.execute()
            }
            try users.withUTF8 { users in
                statement.bind(text: users, at: 2)
                try statement.execute()
            }
        }
    }

    private func insert(_ key: DedupeIndex.Key) throws {
        var (source, text) = (key.source.string, key.key.string)
        insertKey.bind(head.rawValue, at: 1)
        try source.withUTF8 { source in
            insertKey.bind(text: source, at: 2)
            try text.withUTF8 { text in
                insertKey.bind(text: text, at: 3)
                try insertKey.execute()
            }
        }
    }

    private static func text(_ users: [WireText]) -> String {
        JSONWriter.text { writer in
            writer.array { writer in for user in users { writer.string(user) } }
        }
    }
}
