import Access
import Events
import Fanout
import Platform
import Testing
import Wire

@testable import API

/// Pages of events, and polls that wait for one.
@Suite struct PageRouteTests {
    private static func types(_ exchange: TestExchange) -> [WireText?] {
        exchange.json.object?["events"]?.array?.map { $0.object?["type"]?.string } ?? []
    }

    @Test func aPageHoldsTheEventsAndNoneOfTheRelaysMessages() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        for number in 1...5 { try stage.post(#"{"type":"t\#(number)","room":"hall"}"#, id: "\(number)") }
        let page = try stage.send("GET", "/api/events?format=json&lastEventId=0&limit=3", token: props.token())
        #expect(page.status == 200)
        #expect(Self.types(page) == ["t1", "t2", "t3"])
        #expect(page.json.object?["more"] == .bool(true) && page.json.object?["resync"] == nil)
        let next = try #require(page.json.object?["lastEventId"]?.string)
        let rest = try stage.send("GET", "/api/events?format=json&lastEventId=\(next)", token: props.token())
        #expect(Self.types(rest) == ["t4", "t5"] && rest.json.object?["more"] == .bool(false))
    }

    @Test func aPageAfterACursorThatIsNoneSaysSo() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        try stage.post()
        let page = try stage.send("GET", "/api/events?format=json&lastEventId=no-id", token: props.token())
        let resync = page.json.object?["resync"]?.object
        #expect(resync?["type"]?.string == "resync" && resync?["reason"]?.string == "malformed")
        #expect(Self.types(page) == ["tick"])
    }

    @Test func aPollWaitsForAnEventThatItMaySee() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let token = props.token(rooms: PatternSet(["hall"]))
        let poll = try stage.send("GET", "/api/events?format=json&wait=25s", token: token)
        #expect(!poll.hasEnded)
        try stage.post(#"{"type":"tick","room":"other"}"#, id: "1")
        #expect(!poll.hasEnded)
        try stage.post(#"{"type":"tock","room":"hall"}"#, id: "2")
        #expect(Self.types(poll) == ["tock"])
        #expect(stage.hub.count == 0)
    }

    @Test func aPollWhoseClientHasGoneEnds() throws {
        let props = try StageProps()
        let stage = try APIStage(props, caps: StreamCapSettings(perUser: 1))
        let poll = try stage.send("GET", "/api/events?format=json&wait=25s", token: props.token())
        poll.isGone = true
        stage.api?.tick(now: .now())
        #expect(stage.hub.count == 0)
        // Nor does it count any longer.
        #expect(try stage.send("GET", "/api/events", token: props.token()).client >= 0)
    }

    @Test func aUserHasAsManyAnswersUnderWayAsAreAllowed() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        var unread: [TestExchange] = []
        for _ in 0..<Limits.userAnswers {
            unread.append(try stage.send("GET", "/api/events?format=json", token: props.token()))
        }
        for path in ["/api/events?format=json", "/api/rooms", "/api/events?snapshot=1"] {
            let refused = try stage.send("GET", path, token: props.token())
            #expect(refused.status == 429 && refused.reason == "too_many_answers", "\(path)")
        }
        for exchange in unread { exchange.release() }
        #expect(try stage.send("GET", "/api/rooms", token: props.token()).status == 200)
    }

    @Test func roomsHaveATagThatStaysWhileNothingChanges() throws {
        let props = try StageProps()
        let stage = try APIStage(
            props,
            rooms: [
                RoomState(
                    source: "app", provider: "standard", room: Room(name: "hall"),
                    lastEventID: EventID(milliseconds: 1, sequence: 0))
            ])
        let list = try stage.send("GET", "/api/rooms", token: props.token())
        #expect(list.text.contains(#""hall""#))
        let tag = WireText(try #require(list.header("ETag")))
        let same = try stage.send("GET", "/api/rooms", token: props.token(), headers: [("if-none-match", tag)])
        #expect(same.status == 304)
        #expect(try stage.send("GET", "/api/rooms/hall", token: props.token()).status == 200)
        #expect(try stage.send("GET", "/api/rooms/other", token: props.token()).reason == "not_found")
    }
}
