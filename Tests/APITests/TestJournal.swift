import Events
import Journal
import Platform
import Wire

/// A journal in memory: every draft is an event, but for those whose keys were appended before.
final class TestJournal: JournalHome {
    private struct State {
        var events: [JournalEvent] = []
        var keys: Set<WireText> = []
        var fails = false
    }

    private let state = Locked(State())

    /// Whether every operation fails from now on.
    var fails: Bool {
        get { state.withLock { $0.fails } }
        set { state.withLock { $0.fails = newValue } }
    }

    private struct Full: Error {}

    private func checked<Value>(_ body: (inout State) -> Value) throws -> Value {
        try state.withLock { state in
            if state.fails { throw Full() }
            return body(&state)
        }
    }

    func append(_ drafts: [Draft], now: WallTime) throws -> Commit {
        try checked { state in
            var events: [JournalEvent] = []
            var verdicts: [DraftVerdict] = []
            for draft in drafts {
                guard !draft.hasKey || state.keys.insert(draft.idempotencyKey).inserted else {
                    verdicts.append(.duplicate)
                    continue
                }
                verdicts.append(.new)
                let last = (state.events + events).last?.id ?? .zero
                events.append(JournalEvent(id: last.next(at: now), event: draft.event, raw: draft.raw))
            }
            state.events += events
            return Commit(events: events, rooms: [:], extent: Self.extent(state), verdicts: verdicts)
        }
    }

    func page(after cursor: EventID, events: Int, bytes: Int) throws -> JournalPage {
        try checked { state in
            let following = state.events.filter { $0.id > cursor }
            return JournalPage(
                after: cursor, events: Array(following.prefix(events)), hasMore: following.count > events,
                cursorIsKnown: cursor == .zero || state.events.contains { $0.id == cursor },
                extent: Self.extent(state))
        }
    }

    private static func extent(_ state: State) -> JournalExtent {
        JournalExtent(trimmedThrough: .zero, head: state.events.last?.id ?? .zero)
    }

    func extent() throws -> JournalExtent { try checked { Self.extent($0) } }

    func rooms() throws -> [RoomState] { [] }

    func currentState() throws -> JournalState { JournalState(extent: try extent(), rooms: []) }

    func cursor(since time: WallTime) throws -> EventID {
        try checked { state in state.events.last { $0.id.time < time }?.id ?? .zero }
    }

    func cursor(beforeLast count: Int) throws -> EventID {
        try checked { state in state.events.dropLast(count).last?.id ?? .zero }
    }

    func upkeep() throws -> Bool { false }

    func size() throws -> JournalSize { JournalSize() }

    func probe(_ draft: Draft, now: WallTime) throws {}

    func close() throws {}
}
