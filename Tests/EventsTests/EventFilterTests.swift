import Events
import TestSupport
import Testing
import Wire

/// Who receives what.
struct EventFilterTests {
    private func event(
        room: WireText? = "call_1", type: EventType = .participantJoined, users: [WireText]? = nil,
        identity: WireText? = "ada"
    ) -> Event {
        var event = Event(type: type, source: "lk", provider: "livekit", room: room, receivedAt: 0)
        event.users = users
        if let identity { event.data.participant = Participant(id: "PA_1", identity: identity) }
        return event
    }

    private func scope(rooms: [WireText] = ["*"], types: [WireText] = ["*"], sources: [WireText] = ["*"]) -> EventScope
    {
        EventScope(rooms: PatternSet(rooms), types: PatternSet(types), sources: PatternSet(sources))
    }

    @Test func bothGrantAndRequestMustCoverTheRoom() {
        let filter = EventFilter(granted: scope(rooms: ["call_*"]), requested: scope(rooms: ["call_1", "lobby"]))
        #expect(filter.admits(event(), to: "eve"))
        #expect(!filter.admits(event(room: "call_2"), to: "eve"))
        #expect(!filter.admits(event(room: "lobby"), to: "eve"))
    }

    @Test func bothGrantAndRequestMustCoverTypeAndSource() {
        let types = EventFilter(granted: scope(types: ["participant_*"]), requested: scope(types: ["*_joined"]))
        #expect(types.admits(event(), to: "eve"))
        #expect(!types.admits(event(type: .participantLeft), to: "eve"))
        #expect(!types.admits(event(type: .roomStarted), to: "eve"))
        #expect(EventFilter(granted: scope(sources: ["lk"])).admits(event(), to: "eve"))
        #expect(!EventFilter(granted: scope(sources: ["daily"])).admits(event(), to: "eve"))
        #expect(!EventFilter(granted: .everything, requested: scope(sources: ["x"])).admits(event(), to: "eve"))
    }

    @Test func eventWithoutARoomNeedsAllRooms() {
        #expect(EventFilter(granted: .everything).admits(event(room: nil), to: "eve"))
        #expect(!EventFilter(granted: scope(rooms: ["call_*"])).admits(event(room: nil), to: "eve"))
        #expect(
            !EventFilter(granted: .everything, requested: scope(rooms: ["call_*"])).admits(event(room: nil), to: "eve"))
    }

    @Test func audienceStandsForTheGrantOnTheRoomAndForNothingElse() {
        let ringing = event(type: EventType(rawValue: "call.ringing"), users: ["bob"])
        let narrow = EventFilter(granted: scope(rooms: ["lobby"]))
        #expect(narrow.admits(ringing, to: "bob"))
        #expect(!narrow.admits(ringing, to: "eve"))
        #expect(!EventFilter(granted: .everything).admits(ringing, to: "eve"))
        #expect(!EventFilter(granted: scope(types: ["room_*"])).admits(ringing, to: "bob"))
        #expect(!EventFilter(granted: .everything, requested: scope(rooms: ["lobby"])).admits(ringing, to: "bob"))
        #expect(!EventFilter(granted: .everything).admits(event(users: []), to: "bob"))
    }

    @Test func participantsAreAskedForByIdentity() {
        let filter = EventFilter(granted: .everything, participants: ["ada", "bob"])
        #expect(filter.admits(event(), to: "eve"))
        #expect(!filter.admits(event(identity: "eve"), to: "eve"))
        #expect(!filter.admits(event(identity: nil), to: "eve"))
    }

    @Test func roomIsShownWhereGrantedAndAskedFor() {
        let filter = EventFilter(granted: scope(rooms: ["call_*"], sources: ["lk"]), requested: scope(rooms: ["*1"]))
        #expect(filter.admitsRoom("call_1", source: "lk"))
        #expect(!filter.admitsRoom("call_2", source: "lk"))
        #expect(!filter.admitsRoom("room_1", source: "lk"))
        #expect(!filter.admitsRoom("call_1", source: "daily"))
    }

    @Test(
        arguments: [
            (["a", "b"], ["*"], ["a", "b"]), (["*"], ["a", "b"], ["a", "b"]), (["a", "b"], ["b", "c"], ["b"]),
            (["call_*"], ["call_1", "x"], ["call_1"]), (["call_1", "x"], ["call_*"], ["call_1"]), (["a*"], ["*b"], nil),
            (["*"], ["*"], nil),
        ] as [([WireText], [WireText], [WireText]?)])
    func exactRoomsAreListedWhereTheyCanBe(_ granted: [WireText], _ requested: [WireText], _ exact: [WireText]?) {
        let filter = EventFilter(granted: scope(rooms: granted), requested: scope(rooms: requested))
        #expect(filter.exactRooms == exact)
    }

    @Test func aUserWhoseNameOnlyLooksLikeTheOneNamedReceivesNothing() {
        let event = event(room: "caf\u{E9}", users: ["zo\u{EB}"])
        #expect(EventFilter(granted: .everything).admits(event, to: "zo\u{EB}"))
        #expect(!EventFilter(granted: .everything).admits(event, to: "zoe\u{308}"))
    }
}
