import Access
import Events
import Fanout
import Journal
import Testing
import Wire

@testable import API

/// What administrators see and do, and what clients do with their streams.
@Suite struct AdminRouteTests {
    private static func body(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func streamsPollsAndDiagnosesAreListed() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        for path in ["/api/events", "/api/events?format=json&wait=25s", "/api/diag/stream"] {
            try stage.send("GET", path, token: props.token())
        }
        let list = try stage.send("GET", "/api/admin/streams?user=ada", token: props.token(admin: true))
        let streams = try #require(list.json.object?["streams"]?.array)
        #expect(streams.map { $0.object?["id"]?.string } == ["1", "2", "3"])
        #expect(streams.allSatisfy { $0.object?["address"]?.string == "192.0.2.1" })
        #expect(streams.map { $0.object?["format"]?.string } == ["sse", "ndjson", nil])
        #expect(list.json.object?["complete"] == .bool(true))
        let next = try stage.send("GET", "/api/admin/streams?after=1&limit=1", token: props.token(admin: true))
        #expect(next.json.object?["after"]?.string == "2")
    }

    @Test func anAdministratorClosesAStream() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let stream = try stage.send("GET", "/api/events", token: props.token())
        let diagnosis = try stage.send("GET", "/api/diag/stream", token: props.token())
        for id in ["1", "2"] {
            let closed = try stage.send("DELETE", "/api/admin/streams/\(id)", token: props.token(admin: true))
            #expect(closed.status == 204)
        }
        #expect(stream.streamed().contains(#""type":"closed""#) && diagnosis.streamed().hasSuffix("0\r\n\r\n"))
        for id in ["1", "0", "x", "99999999999999999999"] {
            let unknown = try stage.send("DELETE", "/api/admin/streams/\(id)", token: props.token(admin: true))
            #expect(unknown.status == 404, "\(id)")
        }
    }

    @Test func aStreamLivesAsLongAsAFreshToken() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        try stage.send("GET", "/api/events", token: props.token(rooms: PatternSet(["hall"]), ttlSeconds: 60))
        let renewed = try stage.send("POST", "/api/streams/1/renew", token: props.token(rooms: PatternSet(["hall"])))
        #expect(renewed.status == 200 && renewed.json.object?["streamId"]?.string == "1")
        let narrow = try stage.send("POST", "/api/streams/1/renew", token: props.token(rooms: PatternSet(["other"])))
        #expect(narrow.status == 403 && narrow.reason == "grant_covers_nothing")
        // Another user's stream is no stream.
        let foreign = try stage.send("POST", "/api/streams/1/renew", token: props.token("eve"))
        #expect(foreign.status == 404)
        #expect(try stage.send("POST", "/api/streams/0/renew", token: props.token()).status == 404)
    }

    @Test func aRevocationEndsStreamsAndIsInTheFileBeforeItIsAnswered() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let stream = try stage.send("GET", "/api/events", token: props.token("eve"))
        let diagnosis = try stage.send("GET", "/api/diag/stream", token: props.token("eve"))
        let order = try stage.send(
            "POST", "/api/admin/revoke", token: props.token(admin: true), body: Self.body(#"{"user":"eve"}"#))
        try stage.workUntilAnswered(order)
        #expect(order.status == 200 && order.json.object?["endedStreams"]?.integer == 2)
        #expect(stage.shared.revocations.isSaved)
        #expect(stream.streamed().contains(#""type":"revoked""#) && diagnosis.streamed().hasSuffix("0\r\n\r\n"))
        #expect(try stage.send("GET", "/api/events", token: props.token("eve")).reason == "revoked")
        let list = try stage.send("GET", "/api/admin/revocations", token: props.token(admin: true))
        try stage.workUntilAnswered(list)
        #expect(list.text.contains(#""user":"eve""#))
        let lifted = try stage.send("DELETE", "/api/admin/revocations?user=eve", token: props.token(admin: true))
        try stage.workUntilAnswered(lifted)
        #expect(lifted.status == 204)
        #expect(try stage.send("GET", "/api/events", token: props.token("eve")).client >= 0)
        let again = try stage.send("DELETE", "/api/admin/revocations?user=eve", token: props.token(admin: true))
        #expect(again.status == 404)
    }

    @Test func theStreamsOfOneTokenAreFoundAgain() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let first = try stage.send("GET", "/api/events", token: props.token(id: "one"))
        try stage.send("GET", "/api/events", token: props.token(id: "two"))
        let order = try stage.send(
            "POST", "/api/admin/revoke", token: props.token(admin: true), body: Self.body(#"{"token":"one"}"#))
        try stage.workUntilAnswered(order)
        #expect(order.json.object?["endedStreams"]?.integer == 1)
        #expect(first.streamed().contains(#""type":"revoked""#) && stage.hub.count == 1)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"user":""}"#, #"{"user":"eve","token":"1"}"#, #"{"user":"eve","more":1}"#,
        #"{"user":"eyJhbGciOiJIUzI1NiJ9.e30.AAAA"}"#, #"{"user":"eve","issuer":1}"#, #"{"user":"eve","until":1}"#,
        #"{"user":"eve","ttl":"x"}"#, #"{"user":"eve","ttl":"1h","until":1}"#,
    ])
    func anOrderThatCannotBeUnderstoodRevokesNothing(text: String) throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let order = try stage.send(
            "POST", "/api/admin/revoke", token: props.token(admin: true), body: Self.body(text))
        #expect(order.status == 400 && order.reason == "bad_request")
    }

    @Test func whoIsMeantByALiftMustBeSaid() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let lift = try stage.send("DELETE", "/api/admin/revocations", token: props.token(admin: true))
        #expect(lift.status == 400 && lift.reason == "bad_request")
    }

    @Test func anAdministratorFinishesARoom() throws {
        let props = try StageProps()
        let hall = RoomState(
            source: "app", provider: "standard", room: Room(name: "hall"),
            lastEventID: EventID(milliseconds: 1, sequence: 0))
        let stage = try APIStage(props, rooms: [hall])
        let path = "/api/admin/rooms/app/hall"
        let closed = try stage.send("DELETE", path, token: props.token(admin: true))
        try stage.workUntilAnswered(closed)
        #expect(closed.status == 204)
        let unknown = try stage.send("DELETE", "/api/admin/rooms/app/other", token: props.token(admin: true))
        #expect(unknown.status == 404)
        stage.journal.fails = true
        let failed = try stage.send("DELETE", path, token: props.token(admin: true))
        try stage.workUntilAnswered(failed)
        #expect(failed.status == 503 && failed.reason == "journal_unavailable")
        stage.writer.stop()
        let refused = try stage.send("DELETE", path, token: props.token(admin: true))
        #expect(refused.reason == "overloaded" && stage.api?.isQuiet == true)
    }

    @Test func sourcesAreListedWithWhatBecameOfTheirWebhooks() throws {
        let stage = try APIStage(StageProps())
        stage.shared.metrics.declare(sources: ["app", "calls"], fetchedIssuers: [])
        try stage.post(id: "1")
        try stage.post(id: "1")
        try stage.send("POST", "/api/webhooks/app", body: Self.body("{}"))
        try stage.send("POST", "/api/webhooks/nothing", body: Self.body("{}"))
        let list = try stage.send("GET", "/api/admin/sources", token: stage.props.token(admin: true))
        let sources = try #require(list.json.object?["sources"]?.array).compactMap(\.object)
        #expect(sources.map { $0["name"]?.string } == ["app", "calls", "unknown"])
        #expect(sources.map { $0["provider"]?.string } == ["standard", "livekit", nil])
        #expect(sources.map { $0["accepted"]?.integer } == [1, 0, 0])
        #expect(sources.map { $0["duplicate"]?.integer } == [1, 0, 0])
        #expect(sources.map { $0["refused"]?.integer } == [1, 0, 1])
        let reasons = sources.map { $0["refusedByReason"]?.object }
        #expect(reasons[0]?["missing_header"]?.integer == 1 && reasons[2]?["unknown_source"]?.integer == 1)
        #expect(reasons[1]?.members.isEmpty == true)
        #expect(sources[0]["lastWebhookAt"] != nil && sources[1]["lastWebhookAt"] == nil)
    }

    @Test func aLoopThatHasEndedIsNotWaitedFor() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        stage.port.close()
        let list = try stage.send("GET", "/api/admin/streams", token: props.token(admin: true))
        #expect(list.json.object?["streams"]?.array?.isEmpty == true && list.json.object?["complete"] == .bool(true))
    }
}
