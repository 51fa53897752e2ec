import Events
import TestSupport
import Testing
import Wire

@testable import API

/// The shapes that the schema and the TypeScript types are written from, held against what the Swift types write.
@Suite struct SchemaTests {
    private func members(_ write: (inout JSONWriter) -> Void) throws -> Set<String> {
        let json = try JSONReader.value(JSONWriter.bytes { $0.object(write) })
        return Set(try #require(json.object).members.map(\.name.string))
    }

    @Test func everyMessageOfTheRelaysOwnHasAReservedType() {
        for shape in EventShapes.control {
            #expect(EventType(rawValue: WireText(shape.name)).isReserved, "\(shape.name)")
        }
        for type in EventType.known { #expect(!type.isReserved) }
    }

    private func names(_ shape: Shape) -> Set<String> { Set(shape.members.map(\.name)) }

    private var room: Room {
        var room = Room(name: "a", id: "RM_1")
        room.startedAt = 1
        room.endedAt = 2
        room.durationSeconds = 1
        room.metadata = "m"
        room.endReason = "idle_timeout"
        return room
    }

    private var participant: Participant {
        var participant = Participant(id: "PA_1", identity: "ada")
        participant.name = "Ada"
        participant.joinedAt = 1
        participant.leftAt = 2
        participant.durationSeconds = 1
        participant.leaveReason = "client_initiated"
        participant.isOwner = true
        participant.networkQuality = "good"
        participant.metadata = "m"
        participant.attributes = [("a", "b")]
        participant.permissions = true.json
        return participant
    }

    private var track: Track {
        var track = Track(id: "TR_1", kind: "audio")
        track.source = "microphone"
        track.name = "mic"
        track.mimeType = "audio/opus"
        return track
    }

    private var recording: Recording {
        var recording = Recording(id: "EG_1", status: "failed")
        recording.startedAt = 1
        recording.endedAt = 2
        recording.durationSeconds = 1
        recording.error = "e"
        return recording
    }

    @Test func shapesHaveJustTheMembersThatTheTypesWrite() throws {
        #expect(try members(room.write) == names(EventShapes.room))
        #expect(try members(participant.write) == names(EventShapes.participant))
        #expect(try members(track.write) == names(EventShapes.track))
        #expect(try members(recording.write) == names(EventShapes.activity))
    }

    @Test func theEnvelopeHasJustTheMembersThatAnEventWrites() throws {
        var event = Event(type: .participantLeft, source: "s", provider: "livekit", room: "a", receivedAt: 2)
        event.isSynthetic = true
        event.isLate = true
        event.isUntracked = true
        event.users = ["ada"]
        var writer = JSONWriter()
        event.write(to: &writer, id: EventID(milliseconds: 1, sequence: 0))
        let written = Set(try #require(JSONReader.value(writer.bytes).object).members.map(\.name.string))
        // `raw` is put in by the fan-out, for those who may see it.
        #expect(written.union(["raw"]) == names(EventShapes.event))
        #expect(!written.contains("users"))
    }

    @Test func aRoomStateHasJustTheMembersThatItWrites() throws {
        var state = RoomState(source: "s", provider: "livekit", room: room, lastEventID: .zero)
        state.participants = [ParticipantState(participant: participant, tracks: [track])]
        var writer = JSONWriter()
        state.write(to: &writer)
        let object = try #require(JSONReader.value(writer.bytes).object)
        #expect(Set(object.members.map(\.name.string)) == names(EventShapes.roomState))
        let inside = try #require(object["participants"]?.array?.first?.object)
        #expect(Set(inside.members.map(\.name.string)) == names(EventShapes.participantState))
    }

    @Test func membersHaveJustTheMembersThatTheyWrite() throws {
        let member = Member(
            principal: Principal(issuer: "own", user: "ada"), state: ["status": "away"], since: 1, streams: 2,
            leaveReason: "left")
        #expect(try members(member.write) == names(EventShapes.member))
    }

    @Test func everyTypeAndShapeStandsInTheTypeScriptTypes() {
        let text = String(decoding: TypeScriptTypes.document, as: UTF8.self)
        for type in EventType.known { #expect(text.contains("\"\(type.rawValue)\"")) }
        for shape in EventShapes.all where shape.name != EventShapes.event.name {
            #expect(text.contains("export interface \(shape.name) {"))
        }
        for kind in EventShapes.kinds {
            #expect(text.contains("export interface \(kind.interfaceName) extends RoomwireEventBase {"))
        }
        for shape in EventShapes.control { #expect(text.contains("type: \"\(shape.name)\";")) }
    }

    @Test func rootOfTheSchemaNamesEveryMessage() throws {
        let schema = try JSONReader.value(String(decoding: SchemaDocuments.jsonSchema, as: UTF8.self)).object
        let messages = try #require(schema?["anyOf"]?.array).compactMap { $0.object?["$ref"]?.string }
        #expect(messages.count == 1 + EventShapes.control.count)
        #expect(messages.first == "#/$defs/RoomwireEvent")
        for shape in EventShapes.control { #expect(messages.contains("#/$defs/control_\(shape.name)")) }
    }

    @Test func whatAKindNeedsIsAMemberOfData() {
        for kind in EventShapes.kinds {
            for need in kind.needs { #expect(names(EventShapes.data).contains(need), "\(kind.type)") }
        }
        #expect(EventShapes.kinds.first { $0.type == "track_published" }?.needs == ["room", "participant", "track"])
        #expect(EventShapes.kinds.first { $0.type == "unknown" }?.needs == [])
    }

    @Test func everyReferenceOfTheSchemaLeadsSomewhere() throws {
        let text = String(decoding: SchemaDocuments.jsonSchema, as: UTF8.self)
        let schema = try JSONReader.value(text)
        let definitions = Set(try #require(schema.object?["$defs"]?.object).members.map(\.name.string))
        let references = text.split(separator: "#/$defs/").dropFirst().compactMap { $0.split(separator: "\"").first }
        #expect(references.count > 10)
        for reference in references { #expect(definitions.contains(String(reference))) }
    }
}

extension Bool {
    fileprivate var json: JSONValue { .bool(self) }
}
