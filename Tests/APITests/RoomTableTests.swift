import Access
import Events
import Testing
import Wire

@testable import API

@Suite struct RoomTableTests {
    private func state(_ name: WireText, _ number: Int = 1, source: WireText = "livekit") -> RoomState {
        RoomState(
            source: source, provider: "livekit", room: Room(name: name),
            lastEventID: EventID(milliseconds: Int64(number), sequence: 0))
    }

    private func names(_ rooms: some Sequence<RoomEntry>) -> [WireText] { rooms.map(\.state.room.name) }

    private func everything(_ rooms: PatternSet = .all) -> EventFilter {
        EventFilter(granted: .everything, requested: EventScope(rooms: rooms))
    }

    @Test func roomsStayInTheOrderOfTheirBytes() {
        var table = RoomTable((["c", "a", "é"] as [WireText]).map { state($0) })
        table.set(state("b").key, state("b"))
        table.set(state("e\u{301}").key, state("e\u{301}"))
        table.set(state("a", source: "daily").key, state("a", source: "daily"))
        #expect(names(table.rooms) == ["a", "a", "b", "c", "e\u{301}", "é"])
        #expect(table.rooms.first?.state.source == "daily")
        table.set(state("b").key, nil)
        table.set(state("é").key, nil)
        #expect(names(table.rooms) == ["a", "a", "c", "e\u{301}"])
        #expect(names(table.named("a")) == ["a", "a"])
    }

    @Test func aSearchInSlicesFindsWhatIsOpenAtItsEnd() {
        var table = RoomTable((0..<100).map { state("room_\($0 + 100)") })
        var search = RoomSearch(table, filter: everything())
        #expect(!search.isSmall)
        var slices = 1
        while !search.run(in: &table, until: { true }) {
            slices += 1
            // One goes, one comes, and one changes on each side of what was looked at.
            if slices == 50 {
                table.set(state("room_110").key, nil)
                table.set(state("room_190").key, nil)
                table.set(state("room_0").key, state("room_0"))
                table.set(state("room_111").key, state("room_111", 7))
            }
        }
        let found = search.rooms(in: table)
        #expect(slices == 100)
        #expect(names(found) == names(table.rooms))
        #expect(found.count == 99 && found.first?.state.room.name == "room_0")
        let changed = found.filter { $0.state.room.name == "room_111" }
        #expect(changed.map { String(decoding: table.json(of: $0), as: UTF8.self).contains("\"7-0\"") } == [true])
    }

    @Test func aSearchByNamesLooksAtThoseRoomsOnly() {
        let table = RoomTable((0..<1000).map { state("room_\($0)") })
        #expect(RoomSearch(table, filter: everything(PatternSet(["room_1", "room_2"]))).isSmall)
        #expect(RoomSearch(table, filter: everything(), name: "room_*").isSmall)
        #expect(!RoomSearch(table, filter: everything(PatternSet(["room_1*"]))).isSmall)
    }

    @Test func aTagChangesWithTheRoomAndOnlyThen() {
        var table = RoomTable([state("a"), state("b")])
        let before = table.rooms.map(\.tag)
        table.set(state("a").key, state("a", 2))
        #expect(table.rooms[0].tag != before[0] && table.rooms[1].tag == before[1])
    }
}
