internal import Events
internal import Wire

/// The rooms of one loop as of its hub's head, and the searches among them. A search of many rooms goes on over several
/// turns of the loop.
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

    /// Lets go of all searches; the loop has ended.
    func removeAll() { waiting.removeAll() }

    /// Puts a room as it is now in its place; nil takes it away.
    func set(_ key: RoomKey, _ state: RoomState?) { table.set(key, state) }

    /// The open room of this source and name.
    subscript(key: RoomKey) -> RoomState? { table[key]?.state }

    /// The room's JSON.
    func json(of room: RoomEntry) -> [UInt8] { table.json(of: room) }

    /// Gives the rooms that `filter` admits to `found`: at once if there are few to look at, else in a later turn.
    /// - Parameters:
    ///   - name: only rooms of this name, whatever characters it has: it is no pattern.
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

    /// Goes on with searches until the turn's time is over. However short it is, the first one gets on.
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
