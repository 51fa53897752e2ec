import Foundation
import Relay
import Testing

/// What the source tree promises its readers, read from the tree itself.
@Suite struct TreeTests {
    /// Who may import whom; what stands nowhere on the left may be imported by nobody but its own target.
    private static let allowed: [String: Set<String>] = [
        "Wire": [],
        "Events": ["Wire"],
        "EventLoop": ["CLibevent"],
        "Fetch": ["CCurl"],
        "Webhooks": ["Events", "Wire"],
        "Access": ["Events", "Wire"],
        "Journal": ["Events", "Wire", "EventLoop"],
        "Fanout": ["Events", "Wire"],
        "FrontDoor": ["EventLoop", "Wire", "CLibevent", "COpenSSL"],
        "Relay": ["Wire", "Events", "EventLoop", "Fetch", "Webhooks", "Access", "Journal", "Fanout", "FrontDoor"],
        "roomwire": ["Relay", "Wire", "Events", "Access", "Webhooks"],
    ]
    private static let ours = Set(allowed.keys).union(["CLibevent", "CCurl", "COpenSSL"])

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

    @Test func nothingIsForced() throws {
        for file in try Self.files() {
            for (number, line) in file.lines.enumerated() where !line.contains("//") {
                #expect(!line.contains("try!"), "\(file):\(number + 1)")
                #expect(!line.contains("fatalError("), "\(file):\(number + 1)")
            }
        }
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
