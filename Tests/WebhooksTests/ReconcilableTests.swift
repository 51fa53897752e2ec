import Crypto
import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// What LiveKit and Daily are asked, and what their answers mean.
@Suite struct ReconcilableTests {
    private static let secret = "secret_secret_secret_secret_secret"

    private func livekit(redact: String? = nil) throws -> LiveKit {
        try LiveKit(
            settings: ProviderSettings(
                source: "livekit", keys: ["APIabc": Self.secret], options: redact.map { ["redact": $0] } ?? [:]))
    }

    private func daily() throws -> Daily {
        try Daily(settings: ProviderSettings(source: "daily", secrets: ["c2l4dGVlbiBieXRlcyBhbmQgc29tZSBtb3Jl"]))
    }

    private var settings: ReconcileSettings {
        var settings = ReconcileSettings()
        settings.apiKey = "daily-key"
        return settings
    }

    private static let now = WallTime(milliseconds: 1_800_000_000_000)

    // MARK: LiveKit

    @Test func livekitIsAskedWithATokenForAMinuteAndOneGrant() throws {
        let room: WireText = "a/b *\"é\""
        for (question, method) in [
            (ReconcileQuestion.rooms, "ListRooms"), (.participants(room: room), "ListParticipants"),
        ] {
            let request = try livekit().request(question, settings, now: Self.now)
            #expect(request.path == "/twirp/livekit.RoomService/\(method)")
            let header = try #require(request.headers.first { $0.name == "Authorization" }).value
            #expect(header.hasPrefix("Bearer "))
            let token = try #require(CompactToken(Array(header.utf8.dropFirst(7))[...]))
            #expect(SigningKey(Self.secret.utf8).signed(token.signature, over: token.signedBytes))
            #expect(token.claims["iss"]?.string == "APIabc")
            #expect(token.claims["exp"]?.integer == (token.claims["nbf"]?.integer ?? 0) + 60)
            let video = try #require(token.claims["video"]?.object)
            let body = try JSONReader.value(try #require(request.body)).object
            if question == .rooms {
                #expect(video == ["roomList": .bool(true)] && body?.isEmpty == true)
            } else {
                #expect(video == ["roomAdmin": .bool(true), "room": .string(room)])
                #expect(body == ["room": .string(room)])
            }
        }
    }

    @Test(arguments: [
        #"{"rooms":[{"sid":"RM_1","name":"a","creation_time":"1700000000","creation_time_ms":"1700000000123","num_participants":2,"metadata":""}]}"#,
        #"{"rooms":[{"name":"a","sid":"RM_1","creationTimeMs":1700000000123,"numParticipants":"2"},{"sid":"RM_nameless"}]}"#,
    ])
    func livekitsRoomsHaveEitherSpelling(answer: String) throws {
        let rooms = try livekit().rooms(in: Array(answer.utf8))
        #expect(rooms.map(\.room.name) == ["a"])
        #expect(rooms.first?.room.id == "RM_1")
        #expect(rooms.first?.room.startedAt.map(ISOTime.text) == "2023-11-14T22:13:20.123Z")
        #expect(rooms.first?.toldPeople == 2)
        #expect(rooms.first?.presence == nil)
    }

    @Test func anEmptyListHasNoRooms() throws {
        #expect(try livekit().rooms(in: Array("{}".utf8)).isEmpty)
        #expect(try livekit().rooms(in: Array(#"{"rooms":null}"#.utf8)).isEmpty)
        #expect(try livekit().participants(in: Array("{}".utf8)).participants.isEmpty)
        #expect(try daily().rooms(in: Array("{}".utf8)).isEmpty)
    }

    @Test func onlyActiveParticipantsAreInTheRoom() throws {
        let answer = """
            {"participants":[{"sid":"PA_1","identity":"ada","state":"ACTIVE","tracks":[{"sid":"TR_1","type":1},{"name":"x"}]},
            {"sid":"PA_2","state":2,"kind":4},{"sid":"PA_3","state":"JOINED"},{"sid":"PA_4"},{"sid":"PA_5","state":3},
            {"identity":"nobody","state":"ACTIVE"}]}
            """
        let presence = try livekit().participants(in: Array(answer.utf8))
        #expect(presence.participants.map(\.participant.id) == ["PA_1", "PA_2"])
        #expect(presence.participants.map(\.participant.kind) == ["standard", "agent"])
        #expect(presence.participants.first?.tracks.map(\.id) == ["TR_1"])
        #expect(presence.undecided == ["PA_3", "PA_4"])
        #expect(presence.hasTracks)
    }

    @Test func permissionsHaveTheFormOfWebhooks() throws {
        let answer = """
            {"participants":[{"sid":"PA_1","state":"ACTIVE","permission":{"can_subscribe":true,"can_publish":false,
            "can_publish_sources":[],"hidden":false,"can_update_metadata":true}}]}
            """
        let participant = try #require(try livekit().participants(in: Array(answer.utf8)).participants.first)
        let expected: JSONValue = ["canSubscribe": .bool(true), "canUpdateMetadata": .bool(true)]
        #expect(participant.participant.permissions == expected)
    }

    @Test func eventsAreRedactedLikeThoseOfWebhooks() throws {
        var event = Event(
            type: .participantJoined, source: "livekit", provider: "livekit", room: "a", receivedAt: Self.now)
        var participant = Participant(id: "PA_1")
        participant.metadata = #"{"email":"ada@example.com"}"#
        event.data.participant = participant
        let redacted = try livekit(redact: "email").redacted(event)
        #expect(redacted.data.participant?.metadata == #"{"email":"[redacted]"}"#)
    }

    @Test(arguments: [
        "", "[]", "{", #"{"rooms":1}"#, #"{"rooms":[1]}"#, #"{"rooms":[{"name":5}]}"#, "<html>", "{}{}",
        #"{"rooms":[{"name":"a","num_participants":"many"}]}"#,
    ])
    func anAnswerOfAnotherShapeIsMalformed(answer: String) throws {
        let livekit = try livekit()
        let error = #expect(throws: UnusableAnswer.self) { try livekit.rooms(in: Array(answer.utf8)) }
        #expect(error?.reason == .malformed)
    }

    @Test func anAnswerWithTooManyValuesIsNotParsed() throws {
        let livekit = try livekit()
        let bytes = Array("{\"x\":[".utf8) + Array(repeating: UInt8(ascii: ","), count: Limits.reconcileAnswerValues)
        let error = #expect(throws: UnusableAnswer.self) { try livekit.rooms(in: bytes) }
        #expect(error?.reason == .tooMany)
    }

    @Test func idsThatAreTooLongAreLeftAside() throws {
        let long = String(repeating: "x", count: Limits.reconcileIDBytes + 1)
        let people = #"{"participants":[{"sid":"\#(long)","state":2},{"sid":"PA_1","state":2}]}"#
        #expect(try livekit().participants(in: Array(people.utf8)).participants.count == 1)
        #expect(try livekit().rooms(in: Array(#"{"rooms":[{"name":"a","sid":"\#(long)"}]}"#.utf8)).isEmpty)
    }

    // MARK: Daily

    @Test func dailyIsAskedForPresenceAlone() throws {
        let request = try daily().request(.rooms, settings, now: Self.now)
        #expect(request.path == "/presence" && request.body == nil)
        #expect(request.headers.map(\.value) == ["Bearer daily-key"])
    }

    @Test func dailysPresenceHasRoomsWithTheirParticipants() throws {
        let answer = """
            {"cool-room":[{"room":"cool-room","id":"s1","userId":null,"userName":"Ada","mtgSessionId":"m1",
            "joinTime":"2026-11-01T23:46:38.000Z","duration":543},{"id":"s2","userId":"u2","userName":null,
            "mtgSessionId":"m2","joinTime":"2026-11-01T23:50:00.000Z"},{"userName":"no id"}],"empty":[]}
            """
        let rooms = try daily().rooms(in: Array(answer.utf8))
        let room = try #require(rooms.first)
        #expect(rooms.count == 1 && room.room.name == "cool-room")
        #expect(room.room.id == "m2", "the meeting of the last one who joined")
        let people = try #require(room.presence).participants.map(\.participant)
        #expect(people.map(\.id) == ["s1", "s2"] && people.map(\.identity) == [nil, "u2"])
        #expect(people.first?.joinedAt.map(ISOTime.text) == "2026-11-01T23:46:38.000Z")
        #expect(room.presence?.hasTracks == false)
        #expect(room.beganAt == people.first?.joinedAt)
    }

    @Test(arguments: ["[]", #"{"a":{}}"#, #"{"a":[1]}"#, #"{"error":"no"}"#])
    func presenceOfAnotherShapeIsMalformed(answer: String) throws {
        let daily = try daily()
        let error = #expect(throws: UnusableAnswer.self) { try daily.rooms(in: Array(answer.utf8)) }
        #expect(error?.reason == .malformed)
    }

    @Test func participantsWithoutPresenceAreNotListed() throws {
        var participant = Participant(id: "s1")
        #expect(try daily().lists(participant))
        participant.permissions = ["hasPresence": .bool(false)]
        #expect(try !daily().lists(participant))
    }

    // MARK: Settings

    @Test func eachProviderSaysWhatItNeeds() throws {
        #expect(try livekit().problem(with: ReconcileSettings())?.setting == "url")
        #expect(try livekit().problem(with: settings)?.setting == "api_key")
        #expect(try daily().problem(with: ReconcileSettings())?.setting == "api_key")
        #expect(try daily().problem(with: settings) == nil)
    }
}
