internal import Events
internal import Foundation
internal import GRDB

/// The drafts of one transaction on their way into the tables. What it holds becomes true when the commit succeeds.
struct AppendBatch {
    /// The last id given out.
    private(set) var head: EventID
    private let now: EpochMilliseconds
    /// What is new, in order.
    private(set) var events: [LoggedEvent] = []
    /// What the new events count for retention.
    private(set) var bytes = 0
    /// Indexes of drafts that are duplicates.
    private(set) var duplicates: Set<Int> = []
    /// The keys of the new events.
    private(set) var keys: DedupeBatch
    private var index = 0
    private let insertEvent: Statement
    private let insertKey: Statement

    init(_ db: Database, head: EventID, now: EpochMilliseconds) throws {
        self.head = head
        self.now = now
        keys = try DedupeBatch(db)
        insertEvent = try db.cachedStatement(sql: "INSERT INTO events (id, users, json, raw) VALUES (?, ?, ?, ?)")
        insertKey = try db.cachedStatement(sql: "INSERT INTO dedupe (id, source, key) VALUES (?, ?, ?)")
    }

    /// Appends a draft and whatever the fold puts before it, unless its key was there before.
    mutating func append(_ draft: Draft, _ fold: inout RoomFold, _ seen: DedupeIndex) throws {
        defer { index += 1 }
        let key = DedupeIndex.Key(source: draft.event.source, key: draft.idempotencyKey)
        let hash = key.hash
        guard try !keys.contains(key, hash, seen) else {
            duplicates.insert(index)
            return
        }
        let expanded = fold.apply(draft.event) {
            head = head.next(at: now)
            return head
        }
        for (position, entry) in expanded.enumerated() {
            // The last is the draft's own event; those before it were added.
            let isOwn = position == expanded.count - 1
            let logged = LoggedEvent(id: entry.id, event: entry.event, raw: isOwn ? draft.raw : nil)
            try insert(logged)
            events.append(logged)
        }
        try insertKey.execute(arguments: [head.rawValue, key.source, key.key])
        keys.insert(key, hash, head, seen)
    }

    /// Writes an event's row and deletes it again.
    static func insertAndDelete(_ db: Database, _ logged: LoggedEvent) throws {
        let json = Data(logged.frame.buffer[logged.json])
        try db.cachedStatement(sql: "INSERT INTO events (id, users, json, raw) VALUES (?, ?, ?, ?)")
            .execute(arguments: [logged.id.rawValue, nil, json, nil])
        try db.cachedStatement(sql: "DELETE FROM events WHERE id = ?").execute(arguments: [logged.id.rawValue])
    }

    private mutating func insert(_ logged: LoggedEvent) throws {
        let users = logged.event.users.map(Self.text)
        try logged.json.withData(of: logged.frame) { json in
            try Self.withData(of: logged.raw) { raw in
                try insertEvent.execute(arguments: [logged.id.rawValue, users, json, raw])
            }
        }
        bytes += logged.json.count + (logged.raw?.count ?? 0) + (users?.utf8.count ?? 0) + Limits.eventOverheadBytes
    }

    private static func text(_ users: [String]) -> String {
        JSONWriter.text { writer in
            writer.array { writer in for user in users { writer.string(user) } }
        }
    }

    private static func withData(of bytes: SharedBytes?, _ body: (Data?) throws -> Void) throws {
        guard let bytes else { return try body(nil) }
        try (0..<bytes.count).withData(of: bytes, body)
    }
}

extension Range<Int> {
    /// The part of `bytes` that this range names, as Data that shares their memory and must not leave `body`.
    /// SQLite copies what it binds, so that nothing needs to be copied before.
    fileprivate func withData(of bytes: SharedBytes, _ body: (Data) throws -> Void) throws {
        let part = bytes.buffer[self]
        guard let start = UnsafeRawBufferPointer(rebasing: part).baseAddress, !isEmpty else { return try body(Data()) }
        try withExtendedLifetime(bytes) {
            try body(Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: count, deallocator: .none))
        }
    }
}
