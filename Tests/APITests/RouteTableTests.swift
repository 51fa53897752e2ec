import Access
import Events
import TestSupport
import Testing
import Wire

@testable import API

/// Every route, with every method: what the table promises of each.
@Suite struct RouteTableTests {
    /// The paths of the API, and what each takes.
    static let paths: [(path: String, methods: [String], isForPages: Bool)] = [
        ("/api/webhooks/app", ["POST"], false),
        ("/api/events", ["GET", "HEAD", "POST"], true),
        ("/api/rooms", ["GET", "HEAD"], true),
        ("/api/rooms/hall", ["GET", "HEAD"], true),
        ("/api/tickets", ["POST"], true),
        ("/api/diag/stream", ["GET", "HEAD"], true),
        ("/api/schema/events.json", ["GET", "HEAD"], true),
        ("/api/streams/1/renew", ["POST"], true),
        ("/api/admin/rejects", ["GET", "HEAD"], true),
        ("/api/admin/rejects/1/capture", ["GET", "HEAD"], true),
        ("/api/admin/streams", ["GET", "HEAD"], true),
        ("/api/admin/streams/1", ["DELETE"], true),
        ("/api/admin/revoke", ["POST"], true),
        ("/api/admin/revocations", ["GET", "HEAD", "DELETE"], true),
        ("/api/admin/rooms/app/hall", ["DELETE"], true),
        ("/api/admin/sources", ["GET", "HEAD"], true),
        ("/api/presence/hall", ["PUT", "DELETE"], true),
        ("/healthz", ["GET", "HEAD"], false),
        ("/readyz", ["GET", "HEAD"], false),
        ("/metrics", ["GET", "HEAD"], false),
    ]
    private static let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]

    /// Every route of the API and of the operating pages, with its methods, is in the list of this suite.
    @Test func thePathsAndMethodsHereAreThoseOfTheTables() throws {
        let pages = OperatingPages(readiness: { (true, []) }, metrics: { _ in [] })
        var untested: Set<String> = []
        for route in LoopAPI.routes.routes + OperatingRoutes.all(pages) {
            untested.formUnion(route.methods.map { "\($0) \(route.path)" })
        }
        for (path, methods, _) in Self.paths {
            let isOfAPI = path.hasPrefix("/api/")
            let table = isOfAPI ? LoopAPI.routes : RouteTable(OperatingRoutes.all(pages))
            let segments = path.split(separator: "/").map { WireText(String($0)) }.dropFirst(isOfAPI ? 1 : 0)
            let match = try #require(table.match(segments), "\(path)")
            #expect(match.methods == methods, "\(path)")
            for method in methods { untested.remove("\(method) \(try #require(match.route(for: method)).path)") }
        }
        #expect(untested.isEmpty)
    }

    @Test func aMethodThatAPathDoesNotTakeIsRefusedWithThoseThatItTakes() throws {
        let props = try StageProps()
        let stage = try APIStage(props, origins: ["https://app.example.com"])
        for (path, methods, isForPages) in Self.paths {
            for method in Self.methods where !methods.contains(method) {
                let exchange = try stage.send(method, path, headers: [("origin", "https://app.example.com")])
                let what: Comment = "\(method) \(path)"
                #expect(exchange.status == 405, what)
                #expect(exchange.reason == "method_not_allowed", what)
                #expect(exchange.header("Allow") == methods.joined(separator: ", "), what)
                #expect((exchange.header("Access-Control-Allow-Origin") != nil) == isForPages, what)
            }
        }
    }

    @Test func aMethodThatAPathTakesComesToItsRoute() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        for (path, methods, _) in Self.paths {
            for method in methods {
                let exchange = try stage.send(method, path)
                let what: Comment = "\(method) \(path)"
                #expect(exchange.status != 405 && exchange.reason != "not_found", what)
                #expect(exchange.hasEnded, what)
            }
        }
    }

    @Test func pagesMayAskWhatAPathTakes() throws {
        let props = try StageProps()
        let stage = try APIStage(props, origins: ["https://app.example.com"])
        for (path, methods, isForPages) in Self.paths {
            let exchange = try stage.send("OPTIONS", path, headers: [("origin", "https://app.example.com")])
            let allowed = methods.joined(separator: ", ")
            #expect(exchange.status == (isForPages ? 204 : 405), "\(path)")
            #expect(exchange.header("Allow") == (isForPages ? allowed + ", OPTIONS" : allowed), "\(path)")
            #expect(exchange.header("Access-Control-Allow-Methods") == (isForPages ? allowed : nil), "\(path)")
        }
    }

    @Test(arguments: [
        "/api/nothing", "/api/events/more", "/api/webhooks", "/api/webhooks/a/b", "/api/rooms/a/b", "/api/admin",
        "/api/admin/streams/1/2", "/api/streams/1", "/api/diag/other", "/api", "/elsewhere", "/healthz/more",
    ])
    func whereNothingIsNothingIsFound(path: String) throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        for method in Self.methods + ["OPTIONS"] {
            let exchange = try stage.send(method, path)
            #expect(exchange.status == 404 && exchange.reason == "not_found", "\(method) \(path)")
        }
    }

    @Test func theRootSaysWhereThingsAre() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        #expect(try stage.send("GET", "/").text.contains("/api/events"))
        #expect(try stage.send("OPTIONS", "*").header("Allow") == "GET, HEAD, POST, PUT, DELETE, OPTIONS")
        #expect(try stage.send("OPTIONS", "/").status == 204)
        #expect(try stage.send("GET", "*").reason == "malformed_request")
    }

    @Test func whatServersAreToldOnTheirOwnAddress() throws {
        let props = try StageProps()
        let stage = try APIStage(props, metricsHaveOwnAddress: true)
        #expect(try stage.send("GET", "/healthz").text == "ok\n")
        #expect(try stage.send("GET", "/metrics").status == 404)
        #expect(try stage.send("GET", "/readyz").status == 404)
        #expect(try stage.send("GET", "/metrics", operating: true).header("Vary") == "Accept")
        #expect(try stage.send("GET", "/readyz", operating: true).status == 200)
        #expect(try stage.send("GET", "/api/rooms", operating: true).reason == "not_found")
        stage.isReady = false
        let readiness = try stage.send("GET", "/readyz", operating: true)
        #expect(readiness.status == 503 && readiness.header("Retry-After") == "1")
    }

    @Test func theSchemaIsForAnybody() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        #expect(try stage.send("GET", "/api/schema/events.json").header("Content-Type") == "application/schema+json")
        #expect(try stage.send("GET", "/api/schema/roomwire.d.ts").text.contains("roomwire"))
        #expect(try stage.send("GET", "/api/schema/other").reason == "not_found")
    }

    @Test func theConnectionClosesOnceTheRelayStops() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        #expect(try !stage.send("GET", "/healthz").closesConnection)
        stage.shared.beginDraining()
        #expect(try stage.send("GET", "/healthz").closesConnection)
    }
}
