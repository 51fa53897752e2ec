import Foundation
import Page
import Testing
import Wire

@Suite struct AssetsTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/Page")

    /// The files that belong in the binary, by their paths on the relay.
    private static func files() throws -> [WireText: [UInt8]] {
        var files: [WireText: [UInt8]] = [:]
        for name in ["client", "dashboard"] {
            let folder = Self.folder.appending(path: name)
            let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            for entry in entries where [".html", ".css", ".js", ".ts", ".svg"].contains(where: entry.hasSuffix) {
                let prefix = name == "dashboard" ? "dashboard/" : ""
                let path = name == "dashboard" && entry == "index.html" ? "" : prefix + entry
                files[WireText(path)] = [UInt8](try Data(contentsOf: folder.appending(path: entry)))
            }
        }
        return files
    }

    @Test func theBinaryHasTheFilesAsTheyAre() throws {
        let files = try Self.files()
        #expect(files[""] != nil)
        let stale = "Sources/Page/embed.py should be run"
        #expect(Set(files.keys) == Set(Assets.all.map(\.path)), "\(stale)")
        // The client module is embedded without its comments: embed.py --check, which a black-box test runs, compares it.
        for asset in Assets.all where asset.isOfDashboard {
            #expect(asset.form(gzip: false).bytes == files[asset.path], "\(asset.path): \(stale)")
        }
    }

    @Test func bothFormsAreOfOneFile() throws {
        for asset in Assets.all {
            let gzip = asset.form(gzip: true)
            #expect(Array(gzip.bytes.prefix(2)) == [0x1F, 0x8B])
            // The last four bytes of gzip are the length of what was compressed (RFC 1952, section 2.3.1).
            let length = gzip.bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            #expect(length == asset.form(gzip: false).bytes.count, "\(asset.path)")
        }
    }

    @Test func eachFormHasAStrongTagOfItsOwn() {
        for asset in Assets.all {
            let tags = [asset.form(gzip: false).tag, asset.form(gzip: true).tag]
            #expect(tags[0] != tags[1])
            for tag in tags { #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"")) }
        }
        #expect(Set(Assets.all.map(\.hash)).count == Assets.all.count)
    }

    /// The page's bytes over the network on the first visit, with everything that it loads.
    @Test func theDashboardIsSmall() {
        let bytes = Assets.all.filter(\.isOfDashboard).reduce(0) { $0 + $1.form(gzip: true).bytes.count }
        #expect(bytes < 48 * 1024)
        #expect(bytes > 8 * 1024)
    }

    @Test func pathsAreLookedUpAsWholes() {
        #expect(Assets.asset(at: [])?.contentType == "text/html; charset=utf-8")
        #expect(Assets.asset(at: ["dashboard", "app.js"])?.contentType == "text/javascript; charset=utf-8")
        for path: [WireText] in [
            ["dashboard"], ["dashboard", ""], ["dashboard", "..", "app.js"], ["app.js"], ["", "app.js"],
        ] {
            #expect(Assets.asset(at: path) == nil)
        }
    }
}
