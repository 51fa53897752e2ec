import Access
import FrontDoor
import Page
import Testing
import Wire

@testable import API

/// The dashboard's files and the client module, as browsers ask for them.
@Suite struct AssetRouteTests {
    private static let browser: [(name: WireText, value: WireText)] = [
        ("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
    ]
    private static let gzip: [(name: WireText, value: WireText)] = [("accept-encoding", "gzip, deflate, br")]

    private static func target(_ asset: Asset) -> String { "/\(asset.path)" }

    @Test func everyAssetIsServedInBothForms() throws {
        let stage = try APIStage(StageProps())
        for asset in Assets.all {
            let plain = try stage.send("GET", Self.target(asset), headers: Self.browser)
            #expect(plain.status == 200 && plain.response?.body == asset.form(gzip: false).bytes, "\(asset.path)")
            #expect(plain.header("Content-Type") == asset.contentType && plain.header("Content-Encoding") == nil)
            let packed = try stage.send("GET", Self.target(asset), headers: Self.browser + Self.gzip)
            #expect(packed.response?.body == asset.form(gzip: true).bytes, "\(asset.path)")
            #expect(packed.header("Content-Encoding") == "gzip" && packed.header("ETag") != plain.header("ETag"))
            for answer in [plain, packed] {
                #expect(answer.header("Vary") == (asset.path.isEmpty ? "Accept, Accept-Encoding" : "Accept-Encoding"))
                #expect(answer.header("Content-Security-Policy")?.hasPrefix("default-src 'none'") == true)
                #expect(answer.header("X-Content-Type-Options") == "nosniff")
                #expect(answer.header("Cache-Control") == "no-cache")
            }
        }
    }

    @Test func aFileThatTheBrowserHasIsNotSentAgain() throws {
        let stage = try APIStage(StageProps())
        let first = try stage.send("GET", "/client.js")
        let tag = WireText(try #require(first.header("ETag")))
        let same = try stage.send("GET", "/client.js", headers: [("if-none-match", tag)])
        #expect(same.status == 304 && same.response?.body.isEmpty == true && same.header("ETag") == tag.string)
        // The tag of one form says nothing of the other.
        let other = try stage.send("GET", "/client.js", headers: Self.gzip + [("if-none-match", tag)])
        #expect(other.status == 200)
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "PATCH"])
    func anAssetIsOnlyRead(method: String) throws {
        let stage = try APIStage(StageProps())
        for path in ["/", "/client.js", "/dashboard/app.js", "/dashboard/config.json"] {
            let refused = try stage.send(method, path, headers: Self.browser)
            #expect(refused.status == 405 && refused.header("Allow") == "GET, HEAD", "\(path)")
        }
        #expect(try stage.send("HEAD", "/client.js").status == 200)
        #expect(try stage.send("HEAD", "/dashboard/config.json").status == 200)
    }

    @Test func theDashboardIsToldWhereTheAPIIs() throws {
        let stage = try APIStage(StageProps())
        let config = try stage.send("GET", "/dashboard/config.json")
        #expect(config.json.object?["prefix"]?.string == "/api")
        #expect(config.header("Content-Security-Policy") != nil)
    }

    @Test func aDashboardThatIsSwitchedOffIsNotThereAndTheClientModuleIs() throws {
        let stage = try APIStage(StageProps(), showsDashboard: false)
        for asset in Assets.all {
            let exchange = try stage.send("GET", Self.target(asset), headers: Self.browser)
            #expect(exchange.status == (asset.isOfDashboard ? 404 : 200), "\(asset.path)")
        }
        #expect(try stage.send("GET", "/dashboard/config.json").status == 404)
    }

    @Test func theRootIsADocumentForBrowsersAndAHintForOtherClients() throws {
        let stage = try APIStage(StageProps())
        let page = try stage.send("GET", "/", headers: Self.browser)
        #expect(page.status == 200 && page.header("Content-Type") == "text/html; charset=utf-8")
        for accept in [[], [(name: "accept" as WireText, value: "*/*" as WireText)], [("accept", "text/html;q=0")]] {
            let hint = try stage.send("GET", "/", headers: accept)
            #expect(hint.status == 404 && hint.text.contains("/api/events"))
        }
    }

    @Test(arguments: [
        ("gzip", true), ("x-gzip", true), ("GZIP", true), ("*", true), ("br, gzip;q=0.5", true), ("gzip;q=0", false),
        ("gzip; q=0.000", false), ("*;q=0", false), ("gzip;q=0, *", false), ("br", false), ("", false),
    ])
    func gzipIsForClientsThatTakeIt(accepted: WireText, isTaken: Bool) throws {
        let stage = try APIStage(StageProps())
        let exchange = try stage.send("GET", "/client.js", headers: [("accept-encoding", accepted)])
        #expect((exchange.header("Content-Encoding") == "gzip") == isTaken)
    }

    @Test func assetsAreNotServedOnTheAddressOfMetrics() throws {
        let stage = try APIStage(StageProps(), metricsHaveOwnAddress: true)
        for path in ["/", "/client.js", "/dashboard/config.json"] {
            #expect(try stage.send("GET", path, headers: Self.browser, operating: true).status == 404, "\(path)")
        }
    }
}
