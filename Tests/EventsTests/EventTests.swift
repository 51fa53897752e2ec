import Events
import TestSupport
import Testing
import Wire

/// Events as subscribers see them.
struct EventTests {
    private func full() -> Event {
        var event = Event(
            type: .participantLeft, source: "lk", provider: "livekit", room: "a/b \"c\"", receivedAt: 1_790_000_000_500)
        event.timestamp = 1_790_000_000_123
        event.isSynthetic = true
        event.isLate = true
        event.isUntracked = true
        var room = Room(name: "a/b \"c\"", id: "RM_1")
        room.startedAt = 1_790_000_000_000
        room.endedAt = 1_790_000_060_000
        room.durationSeconds = 60
        room.metadata = "{}"
        room.endReason = "idle_timeout"
        room.details = ["color": .string("red")]
        event.data.room = room
        event.data.participant = participant()
        var track = Track(id: "TR_1", kind: "video", muted: true)
        track.source = "camera"
        track.name = "cam"
        track.mimeType = "video/VP8"
        track.details = ["width": .integer(640)]
        event.data.track = track
        var recording = Recording(id: "EG_1", status: "active")
        recording.startedAt = 1_790_000_000_000
        recording.error = "none"
        recording.details = ["files": .array([.object(["size": .integer(1)])])]
        event.data.recording = recording
        event.data.providerEvent = "participant_left"
        event.data.other = ["stream": .object(["id": .string("s")])]
        return event
    }

    private func participant() -> Participant {
        var participant = Participant(id: "PA_1", identity: "ada", kind: "agent")
        participant.name = "Ada 🦊"
        participant.joinedAt = 1_790_000_000_001
        participant.leftAt = 1_790_000_011_420
        participant.durationSeconds = 11.419
        participant.leaveReason = "client_initiated"
        participant.isOwner = false
        participant.networkQuality = "good"
        participant.metadata = "m"
        participant.attributes = [("a", "1"), ("b", "")]
        participant.permissions = .object(["canSend": .bool(true)])
        participant.details = ["mood": .null]
        return participant
    }

    @Test func eventReadsBackAsItWasWritten() throws {
        let id = EventID(milliseconds: 1_790_000_000_501, sequence: 3)
        let text = JSONWriter.text { full().write(to: &$0, id: id) }
        let read = try #require(Event.read(try JSONReader.value(text)))
        #expect(read.id == id)
        #expect(read.event == full())
        #expect(JSONWriter.text { read.event.write(to: &$0, id: id) } == text)
        #expect(text.hasPrefix(#"{"type":"participant_left","id":"1790000000501-3","source":"lk","#))
        #expect(!text.contains("\n"))
    }

    @Test func audienceIsNeverWrittenButThatThereIsOne() {
        var event = Event(type: .roomStarted, source: "s", provider: "p", room: nil, receivedAt: 5)
        event.users = ["bob"]
        #expect(
            JSONWriter.text { event.write(to: &$0, id: nil) }
                == #"{"type":"room_started","source":"s","provider":"p","timestamp":5,"receivedAt":5,"#
                + #""addressed":true,"data":{}}"#)
    }

    @Test(arguments: [
        "{}", "[]", "null", #"{"type":"x","source":"s","provider":"p","receivedAt":1}"#,
        #"{"type":"x","id":"1","source":"s","provider":"p","receivedAt":1}"#,
        #"{"type":"x","id":"1-0","source":"s","provider":"p"}"#,
        #"{"id":"1-0","source":"s","provider":"p","receivedAt":1}"#,
    ])
    func whatIsNoEventIsNotRead(_ text: String) throws {
        #expect(Event.read(try JSONReader.value(text)) == nil)
    }

    @Test func membersOfOtherShapesStayAsTheyAre() throws {
        let text = #"{"room":"standup","participant":{"name":"no id"},"track":null,"recording":7,"providerEvent":1}"#
        let data = EventData(try #require(try JSONReader.value(text).object))
        #expect(data.room == nil)
        #expect(JSONWriter.text { $0.object(data.write) } == text)
    }

    @Test(arguments: [
        ("participant.joined", true), ("A-z_0.9", true), (String(repeating: "x", count: 64), true), ("", false),
        (String(repeating: "x", count: 65), false), ("a b", false), ("a/b", false), ("é", false), ("a\n", false),
    ])
    func typeNamedByASenderIsChecked(_ name: String, _ isAllowed: Bool) {
        #expect((EventType(checking: WireText(name)) != nil) == isAllowed)
    }

    @Test func frameHoldsTheJSONBetweenIDAndEmptyLine() {
        let id = EventID(milliseconds: 7, sequence: 1)
        let logged = JournalEvent(id: id, event: full(), raw: Array("{}".utf8))
        let frame = Array(logged.frame.buffer)
        let json = JSONWriter.bytes { full().write(to: &$0, id: id) }
        #expect(frame == Array("id: 7-1\ndata: ".utf8) + json + Array("\n\n".utf8))
        #expect(Array(frame[logged.json]) == json)
        #expect(logged.bytes == frame.count + 2)
    }

    @Test func roomStateReadsBackAsItWasWritten() throws {
        var state = RoomState(
            source: "lk", provider: "livekit", room: Room(name: "a", id: "RM_1"),
            lastEventID: EventID(milliseconds: 7, sequence: 1))
        var member = participant()
        // A sender's own members have no place in a state, where they could hide the state's.
        member.details = ["tracks": .string("x")]
        state.room.details = ["participants": .integer(0)]
        state.participants = [ParticipantState(participant: member, tracks: [Track(id: "TR_1", kind: "audio")])]
        state.recordings = [Recording(id: "EG_1", status: "active")]
        let text = JSONWriter.text(state.write)
        let read = try #require(RoomState(try JSONReader.value(text)))
        state.room.details = [:]
        state.participants[0].participant.details = [:]
        #expect(read == state)
        #expect(read.key == RoomKey(source: "lk", name: "a"))
        #expect(text.contains(#""numParticipants":1,"participants":[{"id":"PA_1","#))
    }

    @Test(.timeLimit(.minutes(1))) func dataOfManyMembersDoesNotCostTheirSquare() throws {
        let members = (0..<60_000).map { "\"k\($0)\":1" }
        let object = try #require(try JSONReader.value("{\(members.joined(separator: ","))}").object)
        #expect(EventData(object).other == object)
    }
}
