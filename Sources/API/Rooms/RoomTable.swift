internal import Events
internal import Wire

/// A room of one loop, with its JSON and its tag, both made on demand. It belongs to one ``RoomTable``, on one thread.
final class RoomEntry {
    /// The room's state at the loop's head.
    fileprivate(set) var state: RoomState {
        didSet {
            json = nil
            digest = nil
        }
    }
    /// Rooms are numbered in the order in which they open.
    let number: UInt64
    fileprivate(set) var isOpen = true
    fileprivate var json: [UInt8]?
    private var digest: UInt64?

    fileprivate init(_ state: RoomState, number: UInt64) {
        self.state = state
        self.number = number
    }

    /// A hash of the room's source, name and last event, for an entity tag.
    var tag: UInt64 {
        if let digest { return digest }
        // FNV-1a, 64 bits.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in [state.source, state.room.name, WireText(state.lastEventID.description)] {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01b3
        }
        digest = hash
        return hash
    }

    /// What a list of rooms with members shows of it.
    private func writeMemberRoom(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", state.room.name)
            writer.name("members")
            state.members.write(to: &writer)
            writer.member("lastEventId", id: state.lastEventID)
        }
    }

    fileprivate var newJSON: [UInt8] {
        JSONWriter.bytes { writer in
            if state.isOfMembers { writeMemberRoom(to: &writer) } else { state.write(to: &writer) }
        }
    }

    /// True if the entry is listed before `other`: ordered by name, then by source, byte by byte.
    fileprivate func precedes(_ other: RoomEntry) -> Bool {
        RoomTable.precedes((state.room.name, state.source), (other.state.room.name, other.state.source))
    }
}

/// The rooms that are open at one loop's head, in the order of lists. A change moves references and copies no room.
struct RoomTable {
    /// By name, then by source.
    private(set) var rooms: [RoomEntry]
    private var byKey: [RoomKey: RoomEntry]
    /// The number of the room that opened last.
    private(set) var lastNumber: UInt64
    /// Bytes of JSON that entries keep.
    private var keptBytes = 0

    /// The table of these rooms.
    init(_ states: [RoomState]) {
        rooms = states.enumerated().map { RoomEntry($1, number: UInt64($0 + 1)) }.sorted { $0.precedes($1) }
        byKey = Dictionary(rooms.map { ($0.state.key, $0) }) { first, _ in first }
        lastNumber = UInt64(rooms.count)
    }

    /// Stores a room's state; nil removes the room.
    mutating func set(_ key: RoomKey, _ state: RoomState?) {
        if let entry = byKey[key] {
            keptBytes -= entry.json?.count ?? 0
            if let state {
                entry.state = state
            } else {
                entry.json = nil
                remove(entry, key)
            }
        } else if let state {
            lastNumber += 1
            let entry = RoomEntry(state, number: lastNumber)
            byKey[key] = entry
            rooms.insert(entry, at: place(of: (state.room.name, state.source)))
        }
    }

    private mutating func remove(_ entry: RoomEntry, _ key: RoomKey) {
        entry.isOpen = false
        byKey[key] = nil
        let index = place(of: (key.name, key.source))
        if index < rooms.count, rooms[index] === entry { rooms.remove(at: index) }
    }

    /// The open room of this source and name.
    subscript(key: RoomKey) -> RoomEntry? { byKey[key] }

    /// The rooms of one name, of all sources.
    func named(_ name: WireText) -> ArraySlice<RoomEntry> {
        let start = place(of: (name, ""))
        var end = start
        while end < rooms.count, rooms[end].state.room.name == name { end += 1 }
        return rooms[start..<end]
    }

    /// The room's JSON. It is kept for the next request, up to ``Limits/keptRoomBytes`` for all rooms together.
    mutating func json(of entry: RoomEntry) -> [UInt8] {
        if let json = entry.json { return json }
        let json = entry.newJSON
        if entry.isOpen, keptBytes + json.count <= Limits.keptRoomBytes {
            entry.json = json
            keptBytes += json.count
        }
        return json
    }

    /// The index at which a room of this name and source is, or would be inserted.
    private func place(of key: (name: WireText, source: WireText)) -> Int {
        var (low, high) = (0, rooms.count)
        while low < high {
            let middle = (low + high) / 2
            let state = rooms[middle].state
            if Self.precedes((state.room.name, state.source), key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    fileprivate static func precedes(
        _ left: (name: WireText, source: WireText), _ right: (name: WireText, source: WireText)
    ) -> Bool { left < right }

    /// Sorts entries as lists show them.
    static func sort(_ entries: inout [RoomEntry]) { entries.sort { $0.precedes($1) } }
}

/// Finds the rooms that a filter admits, a few at a time, and prepares their JSON, so that a table of many rooms does
/// not block a loop.
struct RoomSearch {
    private let filter: EventFilter
    private let candidates: [RoomEntry]
    private let lastNumber: UInt64
    private let onlyNamed: WireText?
    private let needsJSON: Bool
    private let findsMembers: Bool
    private var next = 0
    private var found: [RoomEntry] = []

    /// A search in `table` as it is now.
    /// - Parameters:
    ///   - name: only rooms with exactly this name. It is not a pattern.
    ///   - needsJSON: false if only the rooms' tags will be needed.
    ///   - findsMembers: true if rooms that are there for their members alone are wanted, too.
    init(
        _ table: RoomTable, filter: EventFilter, name: WireText? = nil, needsJSON: Bool = true,
        findsMembers: Bool = false
    ) {
        self.filter = filter
        self.findsMembers = findsMembers
        self.needsJSON = needsJSON
        onlyNamed = name
        lastNumber = table.lastNumber
        if let name {
            candidates = Array(table.named(name))
        } else if let names = filter.exactRooms {
            candidates = Set(names).flatMap { table.named($0) }
        } else {
            candidates = table.rooms
        }
    }

    /// True if it is so small that it can be done at once.
    var isSmall: Bool { candidates.count <= Limits.roomsAtOnce }

    /// Continues until all candidates are examined or the time is used up.
    /// - Returns: true when all are examined.
    mutating func run(in table: inout RoomTable, until isOver: () -> Bool) -> Bool {
        while next < candidates.count {
            let entry = candidates[next]
            next += 1
            if entry.isOpen, admits(entry) {
                found.append(entry)
                // Makes both now; the entry keeps them for the answer.
                _ = entry.tag
                if needsJSON { _ = table.json(of: entry) }
            }
            if isOver() { break }
        }
        return next == candidates.count
    }

    private func admits(_ entry: RoomEntry) -> Bool {
        (findsMembers || !entry.state.isOfMembers)
            && filter.admitsRoom(entry.state.room.name, source: entry.state.source)
    }

    /// The rooms that were found and are still open, and those that have opened during the search, in the order of
    /// lists.
    func rooms(in table: RoomTable) -> [RoomEntry] {
        var rooms = found.filter(\.isOpen)
        let count = rooms.count
        if table.lastNumber > lastNumber {
            rooms += table.rooms.filter { entry in
                entry.number > lastNumber && onlyNamed.map { entry.state.room.name == $0 } ?? true && admits(entry)
            }
        }
        // Candidates that were looked up by name are not sorted.
        if rooms.count > count || onlyNamed == nil && filter.exactRooms != nil { RoomTable.sort(&rooms) }
        return rooms
    }
}
