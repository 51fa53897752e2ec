import Foundation
import Platform
import Relay
import Testing

/// What the source tree promises its readers, read from the tree itself.
@Suite struct TreeTests {
    /// Who may import whom; what stands nowhere on the left may be imported by nobody but its own target.
    private static let allowed: [String: Set<String>] = [
        "Wire": [],
        "Platform": ["Wire", "CLinux"],
        "Events": ["Wire"],
        "EventLoop": ["Platform", "CLibevent"],
        "Fetch": ["CCurl"],
        "Webhooks": ["Events", "Wire"],
        "Access": ["Events", "Wire"],
        "Journal": ["Events", "Wire", "Platform"],
        "Fanout": ["Events", "Wire"],
        "FrontDoor": ["EventLoop", "Platform", "Wire", "CLibevent", "COpenSSL"],
        "Telemetry": ["Platform", "Events", "Wire"],
        "Settings": ["Access", "Webhooks", "Fetch", "FrontDoor", "Platform", "Events", "Wire"],
        "Page": ["Wire"],
        "API": [
            "Access", "Fanout", "Journal", "Webhooks", "FrontDoor", "Telemetry", "Page", "EventLoop", "Platform",
            "Events", "Wire",
        ],
        "Relay": [
            "API", "Settings", "Telemetry", "Wire", "Platform", "Events", "EventLoop", "Fetch", "Webhooks", "Access",
            "Journal", "Fanout", "FrontDoor",
        ],
        "roomwire": ["Relay", "Settings", "Platform", "Wire", "Events", "Fetch", "Access", "Webhooks"],
    ]
    private static let ours = Set(allowed.keys).union(["CLinux", "CLibevent", "CCurl", "COpenSSL"])

    private struct SourceFile: CustomStringConvertible {
        let target: String
        let description: String
        let lines: [Substring]
    }

    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func files() throws -> [SourceFile] {
        let root = repository.appending(path: "Sources")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".swift") }
        return try paths.sorted().map { path in
            let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            let target = String(path.split(separator: "/").first ?? "")
            return SourceFile(
                target: target, description: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    @Test func importsGoOnlyDownwards() throws {
        let files = try Self.files()
        #expect(files.count > 100)
        for file in files {
            let allowed = try #require(Self.allowed[file.target], "\(file) is in a target that is not in the table")
            for line in file.lines where line.contains("import ") && !line.hasPrefix(" ") && !line.hasPrefix("/") {
                guard let module = line.split(separator: " ").last.map(String.init), Self.ours.contains(module) else {
                    continue
                }
                #expect(allowed.contains(module), "\(file) imports \(module)")
            }
        }
    }

    /// `token`, `send`, `verify` and `check` do without the relay's composition, and without its API.
    @Test func onlyServeImportsTheRelay() throws {
        let commands = try Self.files().filter { $0.target == "roomwire" }
        let importing = commands.filter { file in
            file.lines.contains { $0.hasSuffix("import Relay") || $0.hasSuffix("import API") }
        }
        #expect(importing.map(\.description) == ["roomwire/Commands/Serve.swift"])
    }

    /// Fetch is the one HTTP client: a second one would know nothing of `--ca-file`.
    @Test func noFileImportsTheHTTPClientOfFoundation() throws {
        for file in try Self.files() {
            let imports = file.lines.filter { $0.contains("import ") && !$0.hasPrefix("/") }
            #expect(!imports.contains { $0.contains("FoundationNetworking") }, "\(file)")
            #expect(!file.lines.contains { $0.contains("URLSession") }, "\(file)")
        }
    }

    @Test func nothingIsForced() throws {
        for file in try Self.files() {
            for (number, line) in file.lines.enumerated() where !line.contains("//") {
                #expect(!line.contains("try!"), "\(file):\(number + 1)")
                #expect(!line.contains("fatalError("), "\(file):\(number + 1)")
            }
        }
    }

    /// Where text from outside passes: there a `String` is compared or taken apart only for a reason named here.
    private static let targetsOfWireText: Set<String> = [
        "Wire", "Events", "Webhooks", "Access", "Journal", "Fanout", "FrontDoor", "API",
        "Relay/Context", "Relay/Core", "Relay/Loops",
    ]
    /// What compares, hashes or takes apart a `String` by Unicode's rules.
    private static let comparisons = [
        "[String: ", "Set<String>", ".lowercased()", ".uppercased()", "Character", ".string ==", ".string !=",
        ".string <", ".string >", ".string.hasPrefix", ".string.hasSuffix", ".string.contains", ".string.split",
        ".string.hash", ".string.count",
    ]
    /// Lines that are about something else, by file and by what is in them.
    private static let comparesOtherText: [(file: String, words: String, reason: String)] = [
        ("Webhooks/Provider.swift", "plainOptions", "names of settings"),
        ("Webhooks/ProviderSettings.swift", "[String: String]", "the operator's settings"),
        ("Webhooks/ProviderSettings.swift", "allowOptions", "names of settings"),
        ("Webhooks/Standard/StandardShape.swift", "?.string != nil", "a JSON value's text, which is WireText"),
        ("Webhooks/Supabase/Supabase.swift", #"body["type"]?.string"#, "a JSON value's text, which is WireText"),
        ("Access/AllowedOrigins.swift", "let text = text.lowercased()", "the operator's settings"),
        ("Access/AllowedOrigins.swift", "foreignSchemes: Set<String>", "compared with the operator's settings"),
        ("Access/ProviderTokens.swift", #"claims["d"]?.string"#, "a JSON value's text, which is WireText"),
        ("Access/TokenHeader.swift", "keyID.string == nil", "a JSON value's text, which is WireText"),
        ("API/Metrics/Metrics.swift", "[String: Histogram]", "names of sources in the settings"),
        ("API/Metrics/Metrics.swift", "[String: WallTime]", "names of sources in the settings"),
        ("API/Schema/EventKinds.swift", ".uppercased()", "names of the schema"),
        ("API/Schema/TypeScriptTypes.swift", "left: Set<String>", "names of the schema"),
        ("Access/WebKey.swift", "use.string", "a JSON value's text, which is WireText"),
    ]

    @Test func textFromOutsideIsNotComparedAsString() throws {
        var unused = Set(Self.comparesOtherText.indices)
        for file in try Self.files() {
            let path = file.description
            guard Self.targetsOfWireText.contains(where: { path.hasPrefix($0 + "/") }) else { continue }
            for (number, line) in file.lines.enumerated() where !line.drop(while: { $0 == " " }).hasPrefix("//") {
                guard let found = Self.comparisons.first(where: { line.contains($0) }) else { continue }
                let exceptions = Self.comparesOtherText.indices.filter {
                    Self.comparesOtherText[$0].file == path && line.contains(Self.comparesOtherText[$0].words)
                }
                #expect(!exceptions.isEmpty, "\(path):\(number + 1) has \(found): text from outside is WireText")
                unused.subtract(exceptions)
            }
        }
        for index in unused { Issue.record("\(Self.comparesOtherText[index]) is no longer in the tree") }
    }

    @Test func uncheckedSendableSaysWhy() throws {
        for file in try Self.files() {
            for (number, line) in file.lines.enumerated() where line.contains("@unchecked Sendable") {
                let near = file.lines[max(0, number - 3)...min(file.lines.count - 1, number + 3)]
                #expect(near.contains { $0.contains("Unchecked:") }, "\(file):\(number + 1) gives no reason")
            }
        }
    }

    @Test(arguments: [
        ("deploy/debian/changelog", "roomwire (\(Version.text)) "),
        ("deploy/kubernetes/kustomization.yaml", "newTag: \(Version.text)\n"),
    ])
    func whatIsDeployedHasTheVersionOfTheCode(_ path: String, _ words: String) throws {
        let text = try String(contentsOf: Self.repository.appending(path: path), encoding: .utf8)
        // The newest entry of a changelog comes first.
        #expect(path.hasSuffix("changelog") ? text.hasPrefix(words) : text.contains(words))
    }
}
