import Events
import Platform
import Wire

@testable import Journal

/// A log without a disk, for thousands of runs: the journal's own fold, ids and dedupe over an array.
final class MemoryHome: JournalHome {
    /// What a restart finds again.
    struct Disk: Sendable {
        var events: [JournalEvent] = []
        var trimmedThrough = EventID.zero
        var head = EventID.zero
        var keys: Set<WireText> = []
        var fold = RoomFold()
        /// The next append finds no space.
        var isFull = false
    }

    private let disk: Monitor<Disk>
    private let keptEvents: Int
    private let staleAfterMilliseconds: Int64

    init(keptEvents: Int, rooms: RoomBounds) {
        var empty = Disk()
        empty.fold.mostRooms = rooms.rooms
        disk = Monitor(empty)
        self.keptEvents = keptEvents
        staleAfterMilliseconds = rooms.staleAfterMilliseconds ?? .max
    }

    func staleRooms(now: WallTime) -> [Draft] {
        disk.withLock { disk in
            disk.fold.staleRooms(events: 5, now: now) { $0.wall < now - staleAfterMilliseconds }
        }
    }

    func fillUp(_ isFull: Bool) { disk.withLock { $0.isFull = isFull } }

    func append(_ drafts: [Draft], now: WallTime) throws -> Commit {
        try disk.withLock { disk in
            // As in SQLite the space ends in the middle of the work, which is undone then.
            var next = disk
            var events: [JournalEvent] = []
            var verdicts: [DraftVerdict] = []
            var conditions = ConditionCheck()
            for draft in drafts {
                guard conditions.holds(for: draft, in: next.fold) else {
                    verdicts.append(.outdated)
                    continue
                }
                let key: WireText = "\(draft.event.source)/\(draft.idempotencyKey)"
                guard !draft.hasKey || !next.keys.contains(key) else {
                    verdicts.append(.duplicate)
                    continue
                }
                let logged = next.fold.apply(draft.event) {
                    next.head = next.head.next(at: now)
                    return next.head
                }
                verdicts.append(logged.isEmpty ? .duplicate : .new)
                if draft.hasKey, !logged.isEmpty { next.keys.insert(key) }
                for (offset, entry) in logged.enumerated() {
                    let raw = offset == logged.count - 1 ? draft.raw : nil
                    events.append(JournalEvent(id: entry.id, event: entry.event, raw: raw))
                }
            }
            guard !disk.isFull else { throw JournalError(operation: "append", text: "the disk is full") }
            let rooms = next.fold.commit()
            next.events += events
            disk = next
            return Commit(events: events, rooms: rooms, extent: Self.extent(disk), verdicts: verdicts)
        }
    }

    func page(after cursor: EventID, events: Int, bytes: Int) throws -> JournalPage {
        disk.withLock { disk in
            let first = disk.events.firstIndex { $0.id > cursor } ?? disk.events.endIndex
            let found = Array(disk.events[first...].prefix(events))
            let isKnown =
                cursor == .zero || cursor == disk.trimmedThrough || (first > 0 && disk.events[first - 1].id == cursor)
                || (found.first.map { cursor.isPlace(before: $0.id) } ?? false)
            return JournalPage(
                after: cursor, events: found, hasMore: (found.last?.id ?? cursor) < disk.head,
                cursorIsKnown: isKnown, extent: Self.extent(disk))
        }
    }

    private static func extent(_ disk: Disk) -> JournalExtent {
        JournalExtent(trimmedThrough: disk.trimmedThrough, head: disk.head)
    }

    func extent() -> JournalExtent { disk.withLock { Self.extent($0) } }

    func currentState() -> JournalState {
        disk.withLock { JournalState(extent: Self.extent($0), rooms: $0.fold.rooms) }
    }

    func rooms() -> [RoomState] { disk.withLock { $0.fold.rooms } }

    func cursor(since time: WallTime) -> EventID {
        disk.withLock { disk in disk.events.last { $0.id.time < time }?.id ?? disk.trimmedThrough }
    }

    func cursor(beforeLast count: Int) -> EventID {
        disk.withLock { disk in disk.events.dropLast(count).last?.id ?? disk.trimmedThrough }
    }

    /// One step of retention.
    func upkeep() -> Bool {
        disk.withLock { disk in
            let surplus = min(max(0, disk.events.count - keptEvents), 5)
            if surplus > 0 { disk.trimmedThrough = disk.events[surplus - 1].id }
            disk.events.removeFirst(surplus)
            return disk.events.count > keptEvents
        }
    }

    func size() -> JournalSize {
        disk.withLock { JournalSize(events: $0.events.count, oldest: $0.events.first?.id.time) }
    }

    func probe(_ draft: Draft, now: WallTime) throws {
        guard !disk.withLock({ $0.isFull }) else { throw JournalError(operation: "probe", text: "the disk is full") }
    }

    func close() {}
}
