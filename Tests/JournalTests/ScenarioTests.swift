import Events
import Foundation
import Testing
import Wire

@testable import Journal

/// The meeting of the vectors: eleven webhooks of LiveKit, with a duplicate identity, an abort, and a late track
/// event, and who is present after each.
struct ScenarioTests {
    struct Step {
        let event: Event
        let key: WireText
        let presentAfter: [WireText]
    }

    /// Just so much of LiveKit's JSON as the fold looks at.
    static func steps() throws -> [Step] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Vectors/livekit.json")
        let vectors = try JSONReader.value([UInt8](Data(contentsOf: file)))
        return try #require(vectors.object?["scenario"]?.array).map { step in
            let object = try #require(step.object)
            let text = try #require(object["body"]?.string)
            let body = try #require(JSONReader.value(text).object)
            return Step(
                event: try event(body), key: try #require(object["id"]?.string),
                presentAfter: try #require(object["presentAfter"]?.array).compactMap(\.string))
        }
    }

    private static func event(_ body: JSONObject) throws -> Event {
        let seconds = try #require(body["createdAt"]?.string.flatMap { Int64($0.string) })
        let type = EventType(rawValue: try #require(body["event"]?.string))
        let room = try #require(body["room"]?.object)
        var event = Event(
            type: type, source: "livekit", provider: "livekit", room: room["name"]?.string,
            receivedAt: WallTime(milliseconds: seconds * 1000))
        event.data.room = Room(name: try #require(event.room), id: room["sid"]?.string)
        event.data.room?.startedAt = room["creationTimeMs"]?.string.flatMap { Int64($0.string) }.map(WallTime.init)
        if let participant = body["participant"]?.object, let id = participant["sid"]?.string {
            event.data.participant = Participant(id: id, identity: participant["identity"]?.string)
            let joinedAt = participant["joinedAtMs"]?.string.flatMap { Int64($0.string) }
            event.data.participant?.joinedAt = joinedAt.map(WallTime.init)
        }
        if let track = body["track"]?.object, let id = track["sid"]?.string {
            event.data.track = Track(id: id, kind: "video")
        }
        return event
    }

    @Test func presenceIsWhatTheVectorsSayAfterEachStep() throws {
        let folder = try TemporaryFolder()
        let home = try folder.home()
        let steps = try Self.steps()
        #expect(steps.count == 11)
        for step in steps {
            let commit = try home.append(
                [Make.draft(step.event, key: step.key)], now: step.event.receivedAt)
            #expect(commit.events.count == 1)
            let present = try home.rooms().flatMap { $0.participants.map(\.participant.id) }
            #expect(present == step.presentAfter, "after \(step.key)")
        }
        #expect(try home.rooms().isEmpty)
    }

    @Test func sendingTheMeetingAgainChangesNothing() throws {
        let folder = try TemporaryFolder()
        let home = try folder.home()
        let drafts = try Self.steps().map { Make.draft($0.event, key: $0.key) }
        let first = try home.append(drafts, now: start)
        let again = try home.append(drafts.shuffled(), now: start)
        #expect(again.count(.duplicate) == 11)
        #expect(again.extent == first.extent)
        #expect(try home.rooms().isEmpty)
    }
}
