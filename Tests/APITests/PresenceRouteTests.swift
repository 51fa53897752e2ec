import Access
import Events
import Fanout
import FrontDoor
import Journal
import Testing
import Wire

@testable import API

/// Members through the routes: what makes one, what refuses it, and what ends it.
@Suite struct PresenceRouteTests {
    private func types(_ stage: APIStage) throws -> [String] {
        try stage.journal.page(after: .zero, events: 1_000, bytes: 1 << 20).events.map { logged in
            let member = logged.event.member
            let reason = member?.leaveReason.map { " \($0)" } ?? ""
            return "\(logged.event.type.rawValue) \(member?.principal.user ?? "")\(reason)"
        }
    }

    private func put(
        _ stage: APIStage, _ room: String = "hall", _ body: String = #"{"state":{"status":"away"}}"#,
        token: WireText? = nil
    ) throws -> (status: Int?, text: String) {
        let token = token ?? stage.props.token(presence: true)
        let exchange = try stage.send("PUT", "/api/presence/\(room)", token: token, body: Array(body.utf8))
        try stage.workUntilAnswered(exchange)
        return (exchange.response?.status, String(decoding: exchange.response?.body ?? [], as: UTF8.self))
    }

    private func open(_ stage: APIStage, _ query: String = "presence=hall", user: WireText = "ada") throws
        -> TestExchange
    {
        try stage.send("GET", "/api/events?\(query)", token: stage.props.token(user, presence: true))
    }

    @Test func aStreamMakesAMemberAndAPutChangesTheState() throws {
        let stage = try APIStage(StageProps())
        let stream = try open(stage)
        #expect(stream.client >= 0)
        let (status, text) = try put(stage)
        #expect(status == 200)
        #expect(text.contains(#""user":"ada","issuer":"own","state":{"status":"away"},"#) && text.contains("since"))
        stage.publish()
        #expect(try types(stage).last == "member_updated ada" || types(stage) == ["member_joined ada"])
        #expect(stream.streamed().contains(#""type":"member_joined""#))
        #expect(stage.shared.members.reading.members == 1)
    }

    @Test func aDeleteLeavesEarlyAndMayBeRepeated() throws {
        let stage = try APIStage(StageProps())
        let stream = try open(stage)
        let token = stage.props.token(presence: true)
        for _ in 0..<2 {
            let exchange = try stage.send("DELETE", "/api/presence/hall", token: token)
            try stage.workUntilAnswered(exchange)
            #expect(exchange.response?.status == 204)
        }
        #expect(try types(stage) == ["member_joined ada", "member_left ada left"])
        #expect(stream.client >= 0)
    }

    @Test func everyRefusalSaysWhy() throws {
        let stage = try APIStage(StageProps(), members: MemberSettings(updatesPerSecond: 1))
        func expect(_ answer: (status: Int?, text: String), _ status: Int, _ reason: String) {
            #expect(answer.status == status, "\(answer)")
            #expect(answer.text.contains("\"reason\":\"\(reason)\""), "\(answer)")
        }
        expect(try put(stage, token: stage.props.token()), 403, "presence_not_granted")
        let lobby = stage.props.token(rooms: PatternSet(["lobby"]), presence: true)
        expect(try put(stage, token: lobby), 403, "room_not_covered")
        expect(try put(stage), 409, "not_present")
        let stream = try open(stage)
        #expect(stream.client >= 0)
        for body in ["", "[]", "{}", #"{"state":{},"more":1}"#] {
            expect(try put(stage, "hall", body), 400, "bad_request")
        }
        expect(try put(stage, "hall", #"{"state":"away"}"#), 400, "state_not_object")
        let long = #"{"state":{"a":"\#(String(repeating: "x", count: 1_100))"}}"#
        expect(try put(stage, "hall", long), 413, "state_too_large")
        #expect(try put(stage).status == 200)
        expect(try put(stage), 429, "too_many_updates")
        expect(try put(stage, "other"), 409, "not_present")
    }

    @Test func everyRefusalOfAStreamSaysWhy() throws {
        let stage = try APIStage(
            StageProps(), members: MemberSettings(membersPerRoom: 1, roomsPerUser: 2, roomsPerStream: 2))
        func refusal(_ query: String, _ token: WireText? = nil) throws -> String {
            let token = token ?? stage.props.token("bob", presence: true)
            let exchange = try stage.send("GET", "/api/events?\(query)", token: token)
            let response = try #require(exchange.response)
            let body = String(decoding: response.body, as: UTF8.self)
            let reason = body.components(between: #""reason":""#, and: "\"")
            return "\(response.status) \(reason)"
        }
        #expect(try refusal("presence=a", stage.props.token()) == "403 presence_not_granted")
        let lobby = stage.props.token(rooms: PatternSet(["lobby", "a*"]), presence: true)
        #expect(try refusal("presence=ab&presence=hall", lobby) == "403 room_not_covered")
        #expect(try refusal("presence=a&presence=b&presence=c") == "400 too_many_presence_rooms")
        #expect(try refusal("presence=a&format=json") == "400 bad_query")
        #expect(try refusal("presence=a&wait=0") == "400 bad_query")
        #expect(try refusal("presence=") == "400 bad_query")
        #expect(try refusal("presence=\(String(repeating: "x", count: 257))") == "400 bad_query")
        let ada = try open(stage, "presence=a&presence=a")
        #expect(ada.client >= 0)
        #expect(try refusal("presence=b&presence=a") == "429 room_members_full")
        let bob = try open(stage, "presence=c&presence=d", user: "bob")
        #expect(bob.client >= 0)
        #expect(try refusal("presence=e") == "429 too_many_rooms")
        // What was refused counts as no stream, and holds nothing.
        #expect(stage.shared.members.reading.members == 3)
        #expect(stage.hub.count == 2)
    }

    @Test func aSourceOfThatNameSwitchesItOff() throws {
        let stage = try APIStage(StageProps(), source: "clients")
        let answer = try put(stage)
        #expect(answer.status == 403 && answer.text.contains("clients_source_taken"))
        let stream = try stage.send(
            "GET", "/api/events?presence=a", token: stage.props.token(presence: true))
        #expect(stream.response?.status == 403)
    }

    @Test func revocationEndsTheMembershipAtOnce() throws {
        let stage = try APIStage(StageProps())
        let stream = try open(stage)
        #expect(try put(stage).status == 200)
        let before = try types(stage).count
        let body = Array(#"{"user":"ada"}"#.utf8)
        let exchange = try stage.send(
            "POST", "/api/admin/revoke", token: stage.props.token("root", admin: true), body: body)
        try stage.workUntilAnswered(exchange)
        #expect(exchange.response?.status == 200)
        stage.writer.stop()
        #expect(try types(stage).dropFirst(before) == ["member_left ada revoked"])
        #expect(stream.streamed().contains("revoked"))
        #expect(stage.shared.members.reading.members == 0)
    }

    @Test func aStreamIsNotRenewedByATokenWithoutItsMemberships() throws {
        let stage = try APIStage(StageProps())
        let stream = try open(stage)
        let opened = stream.streamed()
        let id = opened.components(between: #""streamId":""#, and: "\"")
        func renew(_ token: WireText) throws -> Int? {
            let exchange = try stage.send("POST", "/api/streams/\(id)/renew", token: token)
            try stage.workUntilAnswered(exchange)
            return exchange.response?.status
        }
        #expect(try renew(stage.props.token()) == 403)
        #expect(try renew(stage.props.token(presence: true)) == 200)
    }

    @Test func theListOfStreamsTellsWhatTheyHold() throws {
        let stage = try APIStage(StageProps())
        let (one, other) = (try open(stage, "presence=a%2Fb&presence=%C3%BC"), try open(stage, "type=tick"))
        #expect(one.client >= 0 && other.client >= 0)
        let exchange = try stage.send("GET", "/api/admin/streams", token: stage.props.token("root", admin: true))
        try stage.workUntilAnswered(exchange)
        let text = String(decoding: exchange.response?.body ?? [], as: UTF8.self)
        #expect(text.split(separator: #""presence":["a/b","ü"]"#).count == 2)
    }

    @Test func aJournalThatFailsIsToldAndTriedAgain() throws {
        let stage = try APIStage(StageProps())
        let stream = try open(stage)
        #expect(try put(stage).status == 200 && stream.client >= 0)
        stage.journal.fails = true
        let failed = try put(stage, "hall", #"{"state":{"n":1}}"#)
        #expect(failed.status == 503 && failed.text.contains("journal_unavailable"))
        stage.journal.fails = false
        stage.shared.members.tick()
        let (status, text) = try put(stage, "hall", #"{"state":{"n":1}}"#)
        #expect(status == 200 && text.contains(#""state":{"n":1}"#))
    }
}

extension String {
    /// What stands between two marks.
    fileprivate func components(between start: String, and end: Character) -> String {
        guard let range = firstRange(of: start) else { return "" }
        return String(self[range.upperBound...].prefix { $0 != end })
    }
}
