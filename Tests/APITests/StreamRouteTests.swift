import Access
import Events
import Fanout
import Journal
import TestSupport
import Testing
import Wire

@testable import API

/// How a request becomes a stream, and what it is refused for.
@Suite struct StreamRouteTests {
    private static func room(_ name: WireText) -> RoomState {
        RoomState(
            source: "app", provider: "standard", room: Room(name: name),
            lastEventID: EventID(milliseconds: 1, sequence: 0))
    }

    @Test func aStreamReceivesWhatIsCommitted() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let exchange = try stage.send("GET", "/api/events", token: props.token())
        let opening = exchange.streamed()
        #expect(opening.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(opening.contains(#""type":"connected","streamId":"1""#))
        try stage.post()
        #expect(exchange.streamed().contains(#""type":"tick""#))
        #expect(exchange.response == nil)
    }

    @Test func aPageOfAnotherOriginMayReadItsStream() throws {
        let props = try StageProps()
        let stage = try APIStage(props, origins: ["https://app.example.com"])
        let exchange = try stage.send(
            "GET", "/api/events", token: props.token(), headers: [("origin", "https://app.example.com")])
        #expect(exchange.streamed().contains("Access-Control-Allow-Origin: https://app.example.com\r\n"))
    }

    @Test func aSnapshotHoldsTheRoomsHoweverManyThereAre() throws {
        let props = try StageProps()
        for count in [1, 500] {
            let stage = try APIStage(props, rooms: (0..<count).map { Self.room("room_\($0)") })
            let exchange = try stage.send("GET", "/api/events?snapshot=1", token: props.token())
            let text = exchange.streamed()
            #expect(text.contains(#""type":"snapshot""#) && text.contains("room_\(count - 1)"))
            // Few are found at once; for many the loop comes back.
            #expect(stage.isTurnAsked == (count > 100))
        }
    }

    @Test func whereAStreamBeginsIsLookedUpInTheJournal() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        for number in 1...3 { try stage.post(#"{"type":"tick","room":"r\#(number)"}"#, id: "\(number)") }
        let exchange = try stage.send("GET", "/api/events?tail=2", token: props.token())
        try stage.workUntilAnswered(exchange)
        stage.work()
        let text = exchange.streamed()
        #expect(!text.contains(#""r1""#) && text.contains(#""r2""#) && text.contains(#""r3""#))
    }

    @Test func aJournalThatCannotBeReadIsAReasonToComeBack() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        stage.journal.fails = true
        let failed = try stage.send("GET", "/api/events?since=1h", token: props.token())
        try stage.workUntilAnswered(failed)
        #expect(failed.status == 503 && failed.reason == "busy")
        stage.reader.stop()
        #expect(try stage.send("GET", "/api/events?tail=1", token: props.token()).reason == "busy")
    }

    @Test(arguments: [
        "/api/events?snapshot=1", "/api/rooms", "/api/events?since=1h", "/api/events?tail=1",
        "/api/events?format=json&since=1h",
    ])
    func aClientThatIsRevokedWhileItWaitsIsNotLetIn(target: String) throws {
        let props = try StageProps()
        let stage = try APIStage(props, rooms: (0..<500).map { Self.room("room_\($0)") })
        let exchange = try stage.send("GET", target, token: props.token("eve"), works: false)
        #expect(!exchange.hasEnded && stage.api?.isQuiet == false)
        #expect(stage.shared.revocations.revoke(.user("eve"), until: Revocations.untilLifted, now: 0))
        stage.work()
        try stage.workUntilAnswered(exchange)
        #expect(exchange.status == 401 && exchange.reason == "revoked")
        #expect(stage.hub.count == 0)
    }

    @Test(arguments: [
        (StreamCapSettings(perUser: 1), "per_user"), (StreamCapSettings(perUser: 0, perAddress: 1), "per_address"),
        (StreamCapSettings(perUser: 0, total: 1), "total"), (StreamCapSettings(perUser: 0, newPerSecond: 1), "rate"),
    ])
    func capsAreKept(caps: StreamCapSettings, reason: String) throws {
        let props = try StageProps()
        for path in ["/api/events", "/api/diag/stream", "/api/events?format=json&wait=5s"] {
            let stage = try APIStage(props, caps: caps)
            let first = try stage.send("GET", path, token: props.token())
            #expect(first.response == nil, "\(path)")
            let refused = try stage.send("GET", path, token: props.token())
            #expect(refused.status == 429 && refused.reason == WireText(reason), "\(path)")
        }
    }

    @Test func theOldestStreamMakesRoom() throws {
        let props = try StageProps()
        let stage = try APIStage(props, caps: StreamCapSettings(perUser: 1), replacesOldest: true)
        let first = try stage.send("GET", "/api/events", token: props.token())
        let second = try stage.send("GET", "/api/events", token: props.token())
        #expect(first.streamed().contains(#""type":"replaced""#))
        #expect(second.streamed().contains(#""type":"connected""#))
        #expect(stage.hub.count == 1)
    }

    @Test func aConnectionThatCannotBeTakenOverCountsNoStream() throws {
        let props = try StageProps()
        let stage = try APIStage(props, caps: StreamCapSettings(perUser: 1))
        for path in ["/api/events", "/api/diag/stream"] {
            try stage.send("GET", path, token: props.token()) { $0.cannotBeTakenOver = true }
        }
        #expect(stage.hub.count == 0)
        #expect(try stage.send("GET", "/api/events", token: props.token()).client >= 0)
    }

    @Test func aRelayThatStopsBeginsNoStreams() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        stage.shared.beginDraining()
        for path in ["/api/events", "/api/events?format=json", "/api/diag/stream"] {
            let refused = try stage.send("GET", path, token: props.token())
            #expect(refused.status == 503 && refused.reason == "draining", "\(path)")
        }
    }

    @Test func aHeadIsAnsweredWithTheHeadOfTheStream() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let head = try stage.send("HEAD", "/api/events?format=ndjson", token: props.token())
        #expect(head.header("Content-Type") == "application/x-ndjson; charset=utf-8")
        #expect(try stage.send("HEAD", "/api/diag/stream", token: props.token()).status == 200)
        #expect(stage.hub.count == 0)
    }

    @Test func aStreamForDiagnosisSaysWhatItWillDo() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let exchange = try stage.send("GET", "/api/diag/stream?frames=3", token: props.token())
        #expect(exchange.streamed().contains(#""frames":3"#))
        stage.api?.beginDraining()
        #expect(exchange.streamed().hasSuffix("0\r\n\r\n"))
    }
}
