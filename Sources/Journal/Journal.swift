package import Events
package import Wire

/// The log: where events get their order, and from where they can be read again. SQLite is one home of it.
///
/// `append` is called on the journal's own thread by ``JournalWriter``; `page` on reader threads. Both block.
package protocol JournalHome: Sendable {
    /// Commits drafts in one transaction: those that are duplicates, or whose condition does not hold, are left out,
    /// and the events that the room-state fold adds are put in. Earlier drafts of the batch count.
    /// When it returns, what it returns is durable. When it throws, nothing of the batch is in the log,
    /// and the next append may succeed. Errors are ``JournalError``.
    func append(_ drafts: [Draft], now: WallTime) throws -> Commit

    /// Events after `cursor` in order: at most `events` and about `bytes` of them.
    func page(after cursor: EventID, events: Int, bytes: Int) throws -> JournalPage

    /// What the log holds now.
    func extent() throws -> JournalExtent

    /// Every open room, as of the last commit.
    func rooms() throws -> [RoomState]

    /// The extent and the open rooms of one moment. The head is what a ``RoomCondition`` on these rooms needs.
    func currentState() throws -> JournalState

    /// The cursor after which the first event is the first that was committed at `time` or later.
    func cursor(since time: WallTime) throws -> EventID

    /// The cursor that `count` events follow, or all there are if they are fewer.
    func cursor(beforeLast count: Int) throws -> EventID

    /// What an append or a step of upkeep leaves to be done, when nobody waits for it any more. Called after each, and
    /// must be quick. What it throws is for the operator; nothing is lost by it.
    func settle() throws

    /// One short step of looking after the log, between two appends: retention, checkpoints. True when another
    /// step would find something to do.
    func upkeep() throws -> Bool

    /// True when the log holds so much more than retention keeps that upkeep should not wait for its time.
    func isOverfull() -> Bool

    /// Steps of the wall clock that the home noticed since this was last asked.
    func takeClockJumps() -> [ClockJump]

    /// The finishes of rooms that nothing was heard from for too long, to be appended at once: about
    /// ``Limits/staleRoomEvents`` events, and none where there is no such room. `now` is the time they are made.
    func staleRooms(now: WallTime) throws -> [Draft]

    /// What the log holds now, as retention counts it.
    func size() throws -> JournalSize

    /// Writes an event as an append would, takes it out again, and commits: when it returns, the log takes events,
    /// and nothing in it has changed, its ids included.
    func probe(_ draft: Draft, now: WallTime) throws

    /// Leaves the log so that the next start is quick. Nothing is called afterwards.
    func close() throws
}

extension JournalHome {
    /// Nothing.
    package func settle() throws {}

    /// No.
    package func isOverfull() -> Bool { false }

    /// None.
    package func takeClockJumps() -> [ClockJump] { [] }

    /// None.
    package func staleRooms(now: WallTime) throws -> [Draft] { [] }
}

/// The journal at one moment, between two commits.
package struct JournalState: Sendable {
    /// Its ends.
    package let extent: JournalExtent
    /// Every open room, in no order.
    package let rooms: [RoomState]

    /// The journal at one moment.
    package init(extent: JournalExtent, rooms: [RoomState]) {
        self.extent = extent
        self.rooms = rooms
    }
}

/// How much a log holds.
package struct JournalSize: Sendable, Equatable {
    /// How many events.
    package var events: Int
    /// How many bytes, as retention counts them.
    package var bytes: Int
    /// When the oldest event was committed; nil if there is none.
    package var oldest: WallTime?
    /// How many rooms are open.
    package var rooms: Int

    /// Sizes; an empty log unless given.
    package init(events: Int = 0, bytes: Int = 0, oldest: WallTime? = nil, rooms: Int = 0) {
        self.events = events
        self.bytes = bytes
        self.oldest = oldest
        self.rooms = rooms
    }
}

/// What one transaction brought.
package struct Commit: Sendable {
    /// What is new, in order. May hold more events than drafts (synthetic leaves) or fewer (duplicates).
    package let events: [JournalEvent]
    /// Rooms that changed, as they are now; nil for those that are closed.
    package let rooms: [RoomKey: RoomState?]
    /// The log after it.
    package let extent: JournalExtent
    /// What became of each draft, in the order of the batch.
    package let verdicts: [DraftVerdict]

    /// What one transaction brought.
    package init(
        events: [JournalEvent], rooms: [RoomKey: RoomState?], extent: JournalExtent, verdicts: [DraftVerdict]
    ) {
        self.events = events
        self.rooms = rooms
        self.extent = extent
        self.verdicts = verdicts
    }

    /// How many drafts have this verdict.
    package func count(_ verdict: DraftVerdict) -> Int { verdicts.count { $0 == verdict } }
}
