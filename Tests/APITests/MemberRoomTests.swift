import Events
import FrontDoor
import TestSupport
import Testing
import Wire

@testable import API

/// Rooms that are there for their members alone, in lists.
@Suite struct MemberRoomTests {
    private static func hall(_ users: [WireText] = ["ada"], name: WireText = "hall") -> RoomState {
        var room = RoomState(
            source: ClientSource.name, provider: ClientSource.name, room: Room(name: name),
            lastEventID: EventID(milliseconds: 7, sequence: 0))
        room.members = MemberTable(
            users.map {
                Member(
                    principal: Principal(issuer: "own", user: $0), state: ["status": "online"],
                    since: 1_790_000_000_000, streams: 1)
            })
        return room
    }

    private static let call = RoomState(
        source: "livekit", provider: "livekit", room: Room(name: "hall"),
        lastEventID: EventID(milliseconds: 5, sequence: 0))

    private static let ada =
        #"{"user":"ada","issuer":"own","state":{"status":"online"},"since":"2026-09-21T14:13:20.000Z","streams":1}"#

    private func text(_ exchange: TestExchange) throws -> String {
        String(decoding: try #require(exchange.response).body, as: UTF8.self)
    }

    @Test func listsLeaveThemOutUnlessTheyAreAskedFor() throws {
        let stage = try APIStage(StageProps(), rooms: [Self.hall(), Self.call])
        let token = stage.props.token()
        let plain = try text(stage.send("GET", "/api/rooms", token: token))
        #expect(!plain.contains("member") && plain.contains(#""source":"livekit""#))
        let all = try text(stage.send("GET", "/api/rooms?members=1", token: token))
        #expect(all.contains(#","memberRooms":[{"name":"hall","members":[\#(Self.ada)],"lastEventId":"7-0"}]}"#))
        #expect(all.hasPrefix(String(plain.dropLast(2))))
    }

    @Test func aRoomThatIsAskedForByItsNameTellsItsMembers() throws {
        let stage = try APIStage(StageProps(), rooms: [Self.hall(), Self.call])
        let found = try text(stage.send("GET", "/api/rooms/hall", token: stage.props.token()))
        #expect(found.contains(#","members":[\#(Self.ada)]}"#) && found.contains(#""provider":"livekit""#))
    }

    @Test func aRoomWithMembersAloneIsFoundOnlyIfTheyAreAskedFor() throws {
        let stage = try APIStage(StageProps(), rooms: [Self.hall()])
        let token = stage.props.token()
        #expect(try stage.send("GET", "/api/rooms/hall", token: token).response?.status == 404)
        let found = try stage.send("GET", "/api/rooms/hall?members=1", token: token)
        #expect(found.response?.status == 200)
        #expect(try text(found).contains(#""rooms":[],"members":[\#(Self.ada)]"#))
        #expect(try stage.send("GET", "/api/rooms/hall?members=2", token: token).response?.status == 400)
    }

    @Test func theGrantCoversThemAsOtherRooms() throws {
        let stage = try APIStage(StageProps(), rooms: [Self.hall(), Self.hall(["bob"], name: "attic")])
        let token = stage.props.token(rooms: PatternSet(["attic"]))
        let found = try text(stage.send("GET", "/api/rooms?members=1", token: token))
        #expect(found.contains("bob") && !found.contains("ada"))
        let others = try text(stage.send("GET", "/api/rooms?members=1&source=app", token: stage.props.token()))
        #expect(!others.contains("memberRooms"))
    }

    @Test func aSnapshotHasThem() throws {
        let stage = try APIStage(StageProps(), rooms: [Self.hall(), Self.call])
        let exchange = try stage.send("GET", "/api/events?snapshot=1", token: stage.props.token())
        #expect(exchange.streamed().contains(#"],"memberRooms":[{"name":"hall","members":[\#(Self.ada)]"#))
        let other = try stage.send("GET", "/api/events?snapshot=1&source=app", token: stage.props.token())
        #expect(!other.streamed().contains("memberRooms"))
    }

    @Test func aChangeOfMembersChangesTheTag() throws {
        let stage = try APIStage(StageProps(), rooms: [Self.hall()])
        func tag() throws -> String? {
            try stage.send("GET", "/api/rooms?members=1", token: stage.props.token())
                .response?.headers.first { $0.name == "ETag" }?.value
        }
        let before = try tag()
        var later = Self.hall(["ada", "bob"])
        later.lastEventID = EventID(milliseconds: 8, sequence: 0)
        stage.api?.roomsChanged([later.key: later])
        #expect(try before != tag())
    }
}
