import Events
import Testing
import Wire

@testable import Journal

/// What must hold whatever comes, for many seeds.
struct FoldInvariantTests {
    /// A failing seed is named in the test's argument, and runs again by itself.
    static let seeds: Range<UInt64> = 1..<60

    static func run(_ seed: UInt64, events count: Int = 400) -> FoldDriver {
        var meetings = RandomMeetings(seed: seed)
        var driver = FoldDriver()
        for _ in 0..<count {
            for event in meetings.next() { driver.apply(event) }
        }
        return driver
    }

    @Test(arguments: seeds)
    func aReaderWhoFollowsTheLogSeesThoseWhoAreInside(_ seed: UInt64) {
        var meetings = RandomMeetings(seed: seed)
        var driver = FoldDriver()
        var seen: [WireText: Set<WireText>] = [:]
        for _ in 0..<400 {
            for event in meetings.next() {
                for event in driver.apply(event) where !event.isLate {
                    guard let room = event.room, let id = event.data.participant?.id else { continue }
                    if event.type == .participantJoined { seen[room, default: []].insert(id) }
                    if event.type == .participantLeft { seen[room]?.remove(id) }
                }
                guard let room = event.room else { continue }
                #expect(seen[room] ?? [] == Set(driver.present(room) ?? []))
            }
        }
    }

    @Test(arguments: seeds)
    func joinsAndLeavesBalance(_ seed: UInt64) {
        let driver = Self.run(seed)
        let inside = Set(driver.fold.rooms.flatMap { $0.participants.map(\.participant.id) })
        var joins: [WireText: Int] = [:]
        var leaves: [WireText: Int] = [:]
        for (_, event) in driver.log where !event.isLate {
            guard let id = event.data.participant?.id else { continue }
            if event.type == .participantJoined { joins[id, default: 0] += 1 }
            if event.type == .participantLeft { leaves[id, default: 0] += 1 }
        }
        #expect(!joins.isEmpty)
        for (id, count) in joins { #expect(count - (leaves[id] ?? 0) == (inside.contains(id) ? 1 : 0), "\(id)") }
    }

    @Test(arguments: seeds)
    func recordingTheLogAgainGivesTheSameState(_ seed: UInt64) {
        let driver = Self.run(seed)
        var fold = RoomFold()
        for (id, event) in driver.log { fold.record(event, id: id) }
        fold.commit()
        #expect(fold.rooms.inOrder == driver.fold.rooms.inOrder)
        #expect(Self.text(fold.memory) == Self.text(driver.fold.memory))
    }

    @Test(arguments: seeds)
    func aCheckpointAnywhereChangesNothing(_ seed: UInt64) throws {
        let driver = Self.run(seed)
        let half = driver.log.count / 2
        var before = RoomFold()
        for (id, event) in driver.log.prefix(half) { before.record(event, id: id) }
        before.commit()
        let rooms = try before.rooms.map { room in
            try #require(RoomState(try JSONReader.value(JSONWriter.bytes { room.write(to: &$0) })))
        }
        let memory = FoldMemory(try JSONReader.value(Self.text(before.memory)))
        let heardAt = rooms.compactMap { room in before.heardAt(room.key).map { (room.key, $0) } }
        var after = RoomFold(
            rooms: rooms, memory: memory, heardAt: Dictionary(uniqueKeysWithValues: heardAt))
        for (id, event) in driver.log.dropFirst(half) { after.record(event, id: id) }
        after.commit()
        #expect(after.rooms.inOrder == driver.fold.rooms.inOrder)
        #expect(Self.text(after.memory) == Self.text(driver.fold.memory))
    }

    @Test(arguments: seeds)
    func whatIsDiscardedLeavesNoTrace(_ seed: UInt64) {
        var meetings = RandomMeetings(seed: seed)
        var kept = FoldDriver()
        var other = RoomFold()
        for _ in 0..<200 {
            for event in meetings.next() {
                // A batch that fails in between.
                for event in [event, Make.finished(nil, room: event.room ?? ""), event] {
                    _ = other.apply(event) { EventID(rawValue: 1) }
                }
                other.discard()
                kept.apply(event)
                for entry in kept.log.suffix(from: kept.logged) { other.record(entry.event, id: entry.id) }
                other.commit()
                #expect(other.rooms.inOrder == kept.fold.rooms.inOrder)
                #expect(Self.text(other.memory) == Self.text(kept.fold.memory))
            }
        }
    }

    static func text(_ memory: FoldMemory) -> String {
        JSONWriter.text { writer in writer.object { memory.write(to: &$0) } }
    }
}
