public import Events

/// The log: where events get their order, and from where they can be read again. SQLite is one home of it.
///
/// `append` is called on the journal's own thread by ``JournalWriter``; `page` on reader threads. Both block.
public protocol LogHome: Sendable {
    /// Commits drafts in one transaction, duplicates left out, and the events the room-state fold adds put in.
    /// When it returns, what it returns is durable. When it throws, nothing of the batch is in the log.
    func append(_ drafts: [Draft], now: EpochMilliseconds) throws -> Commit

    /// Events after `cursor` in order: at most `events` and about `bytes` of them.
    func page(after cursor: EventID, events: Int, bytes: Int) throws -> LogPage

    /// What the log holds now.
    func extent() throws -> LogExtent

    /// Every open room, as of the last commit.
    func rooms() throws -> [RoomState]
}

/// What one transaction brought.
public struct Commit: Sendable {
    /// What is new, in order. May hold more events than drafts (synthetic leaves) or fewer (duplicates).
    public let events: [LoggedEvent]
    /// Rooms that changed, as they are now; nil for those that are closed.
    public let rooms: [RoomKey: RoomState?]
    /// The log after it.
    public let extent: LogExtent
    /// How many drafts were duplicates of something committed before.
    public let duplicates: Int

    /// What one transaction brought.
    public init(events: [LoggedEvent], rooms: [RoomKey: RoomState?], extent: LogExtent, duplicates: Int) {
        self.events = events
        self.rooms = rooms
        self.extent = extent
        self.duplicates = duplicates
    }
}
