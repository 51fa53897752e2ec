import Events
import TestSupport
import Testing
import Wire

/// What clients publish, as events.
@Suite struct ClientEventTests {
    private func published(_ data: JSONObject) -> Event {
        var event = Event(
            type: EventType(rawValue: "typing"), source: ClientSource.name, provider: ClientSource.name,
            room: "call_42", receivedAt: 1_795_201_856_123)
        event.author = Principal(issuer: "own", user: "ada")
        event.data = EventData(verbatim: data)
        return event
    }

    @Test func anEventOfAClientIsReadAsItWasWritten() throws {
        let data: JSONObject = [
            "participant": ["id": "x", "mine": "1"], "room": "text", "providerEvent": "y", "user": "eve",
        ]
        let event = published(data)
        let id = EventID(milliseconds: 5, sequence: 0)
        let logged = JournalEvent(id: id, event: event)
        let json = Array(logged.frame.buffer[logged.json])
        let read = try #require(Event.read(JSONReader.value(json)))
        #expect(read.id == id && read.event == event)
        #expect(try JSONReader.value(json).object?["data"] == .object(data))
    }

    @Test func whatItsDataSaysOfAParticipantMeansNothingToTheRelay() {
        let event = published(["participant": ["id": "x", "identity": "bob"]])
        #expect(event.data.participant == nil)
        let filter = EventFilter(granted: .everything, participants: ["bob"])
        #expect(!filter.admits(event, to: "ada"))
    }

    @Test func anEphemeralEventHasNoIDAndIsRecognised() throws {
        let ephemeral = EphemeralEvent(published(["x": "1"]))
        let json = try JSONReader.value(ephemeral.json)
        #expect(json.object?["id"] == nil && json.object?["ephemeral"]?.bool == true)
        #expect(Event.read(json) == nil)
        #expect(Event.readEphemeral(json) == ephemeral.event)
        var other = published([:])
        #expect(EphemeralEvent(other).replaces(ephemeral))
        other.author = Principal(issuer: "idp", user: "ada")
        #expect(!EphemeralEvent(other).replaces(ephemeral))
    }

    @Test(arguments: [
        "room_started", "participant_joined", "room_x", "member_joined", "member_x", "call_dialin_ready", "unknown",
        "connected", "heartbeat", "revoked", "track_published",
    ])
    func typesOfTheRelayAreReserved(type: WireText) {
        #expect(EventType(rawValue: type).isReservedForRelay)
    }

    @Test(arguments: ["typing", "call.ringing", "roomy", "my.room_started", "Room_started"])
    func otherTypesAreNot(type: WireText) {
        #expect(!EventType(rawValue: type).isReservedForRelay)
    }

    @Test func everyTypeThatTheRelayAssignsIsReserved() {
        for type in EventType.known { #expect(type.isReservedForRelay, "\(type.rawValue)") }
        for type in ControlType.allCases { #expect(EventType(rawValue: type.rawValue).isReservedForRelay) }
    }
}
