import Foundation
import Testing

/// How large the parts of the source tree are, and which folders of a target know each other.
@Suite struct TreeShapeTests {
    private struct SourceFile {
        let path: String
        let lines: [Substring]

        /// The first folder of the path.
        var target: String { path.split(separator: "/").first.map(String.init) ?? "" }
        /// The folders between the target and the file; empty for a file beside them.
        var folder: String { path.split(separator: "/").dropFirst().dropLast().joined(separator: "/") }
    }

    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func files(under folder: String) throws -> [SourceFile] {
        let root = repository.appending(path: folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".swift") }
        return try paths.sorted().map { path in
            let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            return SourceFile(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    // MARK: Folders

    /// Files that name every folder of their target, which is what they are for.
    private static let lists: Set<String> = ["Webhooks/Providers.swift"]
    /// What a folder uses of one that uses it. Each must still be true.
    private static let exceptions: [(target: String, from: String, to: String, reason: String)] = [
        ("Webhooks", "Reading", "", "redaction reads the settings of a source, and what cannot be read is a rejection"),
        ("FrontDoor", "TLS", "", "a handshake that ends tells its door and its connection"),
    ]

    @Test func noFoldersOfATargetUseEachOtherInACircle() throws {
        let files = try Self.files(under: "Sources")
        var unused = Set(Self.exceptions.indices)
        for target in Set(files.map(\.target)).sorted() {
            var uses = Self.uses(files.filter { $0.target == target })
            for (index, exception) in Self.exceptions.enumerated() where exception.target == target {
                if uses[exception.from]?.remove(exception.to) != nil { unused.remove(index) }
            }
            let circle = Self.circle(in: uses)
            #expect(circle.isEmpty, "\(target): the folders \(circle) use each other")
        }
        for index in unused { Issue.record("\(Self.exceptions[index]) is no longer in the tree") }
    }

    /// The article's table has a row for every folder of a target that has folders.
    @Test func theArticleDrawsTheFoldersThatThereAre() throws {
        let files = try Self.files(under: "Sources")
        var rows: [String] = []
        for target in Set(files.map(\.target)).sorted() {
            let uses = Self.uses(files.filter { $0.target == target })
            guard uses.count > 1 else { continue }
            for (folder, used) in uses.sorted(by: { $0.key < $1.key }) {
                let names = used.sorted().map { "`\(Self.shown($0))`" }.joined(separator: ", ")
                rows.append("| `\(target)/\(Self.shown(folder))` |\(names.isEmpty ? "" : " ")\(names) |")
            }
        }
        let article = Self.repository.appending(path: "Sources/roomwire/Documentation.docc/Architecture.md")
        let text = try String(contentsOf: article, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## ").first { $0.hasPrefix("The folders\n") })
        let drawn = section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        #expect(rows.count > 20)
        #expect(drawn == rows, "the table should be\n\(rows.joined(separator: "\n"))")
    }

    /// A folder's name in the article; that of the target itself is a dot.
    private static func shown(_ folder: String) -> String { folder.isEmpty ? "." : folder }

    @Test func aCircleIsFound() {
        #expect(Self.circle(in: ["a": ["b"], "b": ["c"], "c": []]).isEmpty)
        #expect(Self.circle(in: ["a": ["b"], "b": ["c"], "c": ["b"], "d": ["a"]]) == ["b", "c"])
        let files = [
            SourceFile(path: "T/A/One.swift", lines: ["struct One {", "    let two: Two?", "}"]),
            SourceFile(path: "T/B/Two.swift", lines: ["struct Two {", #"    let name = "One" // One"#, "}"]),
        ]
        #expect(Self.uses(files) == ["A": ["B"], "B": []])
        let back = SourceFile(path: "T/B/Back.swift", lines: ["func back(_ one: One) {}"])
        #expect(Self.circle(in: Self.uses(files + [back])) == ["A", "B"])
    }

    /// Which folders each folder uses types of. By their names alone: what a folder declares itself is its own.
    private static func uses(_ files: [SourceFile]) -> [String: Set<String>] {
        var declared: [String: Set<String>] = [:]
        var nested: [String: Set<String>] = [:]
        var words: [String: Set<String>] = [:]
        for file in files {
            for line in file.lines {
                let code = Self.code(of: line)
                let found = Self.words(in: code)
                for (keyword, name) in zip(found, found.dropFirst()) where Self.keywords.contains(keyword) {
                    if line.hasPrefix(" ") {
                        nested[file.folder, default: []].insert(name)
                    } else {
                        declared[file.folder, default: []].insert(name)
                    }
                }
                guard !Self.lists.contains(file.path) else { continue }
                words[file.folder, default: []].formUnion(found)
            }
        }
        var uses: [String: Set<String>] = [:]
        for folder in Set(files.map(\.folder)) {
            let own = declared[folder, default: []].union(nested[folder, default: []])
            let foreign = words[folder, default: []].subtracting(own)
            uses[folder] = Set(
                declared.keys.filter { $0 != folder && !declared[$0, default: []].isDisjoint(with: foreign) })
        }
        return uses
    }

    private static let keywords: Set<String> = ["struct", "class", "enum", "protocol", "actor", "typealias"]

    /// The line without its comment and what stands in quotes.
    private static func code(of line: Substring) -> String {
        var code = ""
        for (index, part) in line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        where index % 2 == 0 {
            guard let comment = part.range(of: "//") else {
                code += part + " "
                continue
            }
            return code + part[..<comment.lowerBound]
        }
        return code
    }

    private static func words(in code: String) -> [String] {
        code.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    }

    /// The folders that are left when those that use no other, or are used by none, are taken away again and again.
    private static func circle(in uses: [String: Set<String>]) -> [String] {
        var left = uses
        while true {
            let used = left.values.reduce(into: Set<String>()) { $0.formUnion($1) }
            let ends = left.keys.filter { folder in left[folder, default: []].isEmpty || !used.contains(folder) }
            guard !ends.isEmpty else { return left.keys.sorted() }
            for end in ends { left[end] = nil }
            for folder in left.keys { left[folder]?.subtract(ends) }
        }
    }

    // MARK: Lengths

    private static let mostLinesOfAFile = 450
    private static let mostLinesOfAFunction = 60

    @Test(arguments: ["Sources", "loadtest/Sources"])
    func filesAndFunctionsAreShort(folder: String) throws {
        let files = try Self.files(under: folder)
        #expect(files.count > 30)
        var lengths: [Int] = []
        for file in files {
            #expect(file.lines.count <= Self.mostLinesOfAFile, "\(file.path) has \(file.lines.count) lines")
            for (start, count) in Self.functions(in: file.lines) {
                #expect(count <= Self.mostLinesOfAFunction, "\(file.path):\(start + 1) is a function of \(count) lines")
                lengths.append(count)
            }
        }
        let short = lengths.filter { $0 < 30 }.count
        #expect(short * 10 >= lengths.count * 9, "of \(lengths.count) functions only \(short) have fewer than 30 lines")
    }

    @Test func aFunctionIsMeasuredFromItsFirstLineToItsLast() {
        let text = """
            struct A {
                init() {
                    x()
                }
                func one() { x() }
                private func two(
                    _ x: Int
                ) {
                    x()
                }
            }
            """
        let found = Self.functions(in: text.split(separator: "\n", omittingEmptySubsequences: false))
        #expect(found.map(\.start) == [1, 5])
        #expect(found.map(\.count) == [3, 5])
    }

    /// Functions and initialisers of more than a line, by the line with their name and how many lines they have. Their
    /// last is the brace that stands under the beginning of the first, as swift-format has it.
    private static func functions(in lines: [Substring]) -> [(start: Int, count: Int)] {
        var found: [(start: Int, count: Int)] = []
        for (start, line) in lines.enumerated() {
            let words = Self.words(in: String(line))
            let code = line.drop { $0 == " " }
            guard words.contains("func") || words.contains("init"), !code.hasPrefix("//"), !line.hasSuffix("}"),
                code.hasPrefix("init") || words.first.map(Self.beginnings.contains) == true
            else { continue }
            let end = line.prefix { $0 == " " } + "}"
            // A requirement of a protocol has no body: the next brace at its place is another's.
            let rest = lines[(start + 1)...]
            guard line.hasSuffix("{") || line.hasSuffix("(") || rest.first?.hasSuffix("{") == true,
                let last = rest.firstIndex(of: end)
            else { continue }
            found.append((start, last - start + 1))
        }
        return found
    }

    private static let beginnings: Set<String> = [
        "func", "init", "public", "package", "internal", "private", "fileprivate", "static", "mutating", "override",
        "convenience", "required", "consuming", "borrowing", "nonisolated",
    ]
}
