import Access
import Events
import FrontDoor
import TestSupport
import Testing
import Wire

@testable import API

/// Who is let in, and what the others are told.
@Suite struct AccessOfRoutesTests {
    /// Requests that need a token, and whether it must be an administrator's: all for pages but the schema.
    private static let guarded: [(method: String, path: String, isForAdministrators: Bool)] =
        RouteTableTests.paths.filter { $0.isForPages && !$0.path.contains("/schema/") }.flatMap { path, methods, _ in
            methods.map { ($0, path, path.contains("/admin/")) }
        }

    @Test func noClientIsLetInWithoutAToken() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        for (method, path, _) in Self.guarded {
            let exchange = try stage.send(method, path)
            #expect(exchange.status == 401 && exchange.reason == "missing_token", "\(method) \(path)")
            #expect(exchange.header("WWW-Authenticate") == #"Bearer realm="roomwire""#, "\(method) \(path)")
        }
    }

    @Test func onlyAdministratorsMayUseTheAdminRoutes() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        for (method, path, isForAdministrators) in Self.guarded where isForAdministrators {
            let exchange = try stage.send(method, path, token: props.token())
            #expect(exchange.status == 403 && exchange.reason == "grant_covers_nothing", "\(method) \(path)")
            #expect(exchange.user == "ada", "\(method) \(path)")
        }
    }

    @Test func theReasonIsTheTokensOwn() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let cases: [(WireText, WireText)] = [
            ("no token", "malformed_token"), (props.token(ttlSeconds: -3600), "expired"),
            (WireText("\(props.token())".dropLast(4) + "AAAA"), "bad_signature"),
        ]
        for (token, reason) in cases {
            #expect(try stage.send("GET", "/api/rooms", token: token).reason == reason)
        }
        let stray = try stage.send("GET", "/api/events?room=x", token: props.token(rooms: PatternSet(["call_*"])))
        #expect(stray.status == 403 && stray.reason == "grant_covers_nothing")
    }

    @Test func aTicketOpensOneStreamAndNothingElse() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let issued = try stage.send("POST", "/api/tickets", token: props.token())
        #expect(issued.status == 201)
        let ticket = try #require(issued.json.object?["ticket"]?.string)
        #expect(try stage.send("POST", "/api/tickets?ticket=\(ticket)").reason == "wrong_token_kind")
        #expect(try stage.send("HEAD", "/api/events?ticket=\(ticket)").status == 200)
        #expect(try stage.send("GET", "/api/events?format=json&ticket=\(ticket)").status == 200)
        #expect(try stage.send("GET", "/api/events?format=json&ticket=\(ticket)").reason == "unknown_ticket")
    }

    @Test func aClientThatGuessesIsSlowedDown() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let forged = WireText("\(props.token())".dropLast(4) + "AAAA")
        var last: TestExchange?
        for _ in 0..<2000 where last?.status != 429 { last = try stage.send("GET", "/api/rooms", token: forged) }
        #expect(last?.reason == "too_many_failures")
        #expect(last?.response?.closesConnection == true)
        #expect(last?.header("Retry-After") != nil)
    }

    @Test func anEventSourceIsRefusedOnItsStream() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let accept: [(name: WireText, value: WireText)] = [("accept", "text/event-stream")]
        let refused = try stage.send("GET", "/api/events", headers: accept)
        #expect(refused.status == 200 && refused.text.contains(#""reason":"missing_token""#))
        #expect(refused.text.contains(#""final":true"#) && refused.response?.closesConnection == true)
        #expect(try stage.send("GET", "/api/events?refuse=http", headers: accept).status == 401)
        #expect(try stage.send("GET", "/api/events?refuse=stream").status == 200)
        #expect(try stage.send("GET", "/api/events?named=1&refuse=stream").text.contains("event: refused\n"))
        // A room of that name is no stream of events.
        #expect(try stage.send("GET", "/api/rooms/events", headers: accept).status == 401)
    }

    @Test(arguments: [
        ("/api/events?nothing=1", "bad_query"), ("/api/events?limit=0", "bad_query"),
        ("/api/events?since=1h&tail=3", "bad_query"), ("/api/events?snapshot=1&format=json", "bad_query"),
        ("/api/events?wait=5s", "bad_query"), ("/api/events?source=other", "bad_query"),
        ("/api/events?type=a%20b", "bad_query"), ("/api/rooms?nothing=1", "bad_query"),
        ("/api/diag/stream?frames=0", "bad_query"), ("/api/admin/streams?limit=0", "bad_request"),
        ("/api/admin/streams?after=x", "bad_request"), ("/api/admin/revocations?user=", "bad_request"),
        ("/api/admin/revocations?issuer=own", "bad_request"),
    ])
    func aQueryThatCannotBeUnderstoodIsRefused(target: String, reason: WireText) throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let exchange = try stage.send("GET", target, token: props.token(admin: true))
        #expect(exchange.status == 400 && exchange.reason == reason)
    }

    @Test func aFormThatThereIsNotIsNotAcceptable() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let exchange = try stage.send("GET", "/api/events", token: props.token(), headers: [("accept", "image/png")])
        #expect(exchange.status == 406 && exchange.reason == "not_acceptable")
    }

    @Test func aRequestWaitsForKeysAndGoesOnWhereItStopped() throws {
        let props = try StageProps(awaitsKeys: true)
        let stage = try APIStage(props)
        stage.keys.answers = [.wait]
        let waiting = try stage.send("GET", "/api/rooms", token: RefusedTokens.unknownKey)
        #expect(!waiting.hasEnded && stage.api?.isQuiet == false)
        stage.keys.settle()
        stage.work()
        // The keys did not come, but the fetch says that there are no others.
        #expect(waiting.status == 401 && stage.api?.isQuiet == true)
        // Where no token is needed the answer is that of the route, as it would have been without waiting.
        stage.keys.answers = [.wait]
        let schema = try stage.send("GET", "/api/schema/events.json", token: RefusedTokens.unknownKey)
        stage.keys.settle()
        stage.work()
        #expect(schema.status == 200)
    }

    @Test func aRequestWhoseKeysCannotBeFetchedIsToldWhenToComeBack() throws {
        let props = try StageProps(awaitsKeys: true)
        let stage = try APIStage(props)
        stage.keys.answers = [nil, .unavailable(retryAfterSeconds: 7)]
        let refused = try stage.send("GET", "/api/rooms", token: RefusedTokens.unknownKey)
        #expect(refused.status == 503 && refused.reason == "keys_unavailable")
        #expect(refused.header("Retry-After") == "7")
        stage.keys.answers = [.wait]
        stage.keys.afterWait = .unavailable(retryAfterSeconds: 1)
        let late = try stage.send("GET", "/api/events", token: RefusedTokens.unknownKey)
        stage.keys.settle()
        stage.work()
        #expect(late.reason == "keys_unavailable")
    }
}
