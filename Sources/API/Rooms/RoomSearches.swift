internal import Events
internal import Wire

/// The rooms of one loop at its hub's head, and the searches in them. A search in many rooms takes several turns of the
/// loop.
final class RoomSearches {
    private struct Waiting {
        var search: RoomSearch
        let found: ([RoomEntry]) -> Void
    }

    private var table: RoomTable
    private var waiting: [Waiting] = []
    private unowned let turns: any LoopTurns

    init(_ rooms: [RoomState], turns: any LoopTurns) {
        table = RoomTable(rooms)
        self.turns = turns
    }

    /// True if no search waits for a turn.
    var isEmpty: Bool { waiting.isEmpty }

    /// Releases all searches, because the loop has ended.
    func removeAll() { waiting.removeAll() }

    /// Stores a room's state; nil removes the room.
    func set(_ key: RoomKey, _ state: RoomState?) { table.set(key, state) }

    /// The open room of this source and name.
    subscript(key: RoomKey) -> RoomState? { table[key]?.state }

    /// The room's JSON.
    func json(of room: RoomEntry) -> [UInt8] { table.json(of: room) }

    /// Calls `found` with the rooms that `filter` admits: at once if there are few to examine, else in a later turn.
    /// - Parameters:
    ///   - name: only rooms with exactly this name. It is not a pattern.
    ///   - needsJSON: false if only the rooms' tags will be needed.
    ///   - findsMembers: true if rooms that are there for their members alone are wanted, too.
    func find(
        _ filter: EventFilter, name: WireText? = nil, needsJSON: Bool = true, findsMembers: Bool = false,
        _ found: @escaping ([RoomEntry]) -> Void
    ) {
        var search = RoomSearch(table, filter: filter, name: name, needsJSON: needsJSON, findsMembers: findsMembers)
        if search.isSmall, search.run(in: &table, until: { false }) { return found(search.rooms(in: table)) }
        waiting.append(Waiting(search: search, found: found))
        turns.schedule()
    }

    /// Continues searches until the turn's time is used up. Each call examines at least one room.
    func run(until isOver: () -> Bool) {
        while var first = waiting.first {
            guard first.search.run(in: &table, until: isOver) else {
                waiting[0] = first
                return
            }
            waiting.removeFirst()
            first.found(first.search.rooms(in: table))
            if isOver() { return }
        }
    }
}
