import FoundationEssentials
import Platform
import TestSupport
import Testing

@testable import Settings

@Suite struct SettingsSecretsTests {
    static let secret = "hush-hush-hush-hush-hush-hush-hush-hush"

    @Test func noSecretIsEverShown() throws {
        let yaml = """
            sources:
              l: {provider: livekit, keys: {APIabc: \(Self.secret)}}
              d: {provider: daily, secrets: [\(Self.secret)], basic_auth: "me:\(Self.secret)", window: 5m}
              s: {provider: supabase, secrets: [\(Self.secret)], room_column: room, users_columns: [from, to]}
            tokens:
              issuers:
                - {name: own, hs256: \(Self.secret)}
                - {name: idp, jwks_url: "https://idp.example.com/keys?code=\(Self.secret)"}
              daily: [\(Self.secret)]
            """
        let settings = try load(yaml)
        #expect(!settings.description.contains("hush"))
        #expect(!"\(settings.sources) \(settings.tokens)".contains("hush"))
        #expect(settings.description.contains("sources.l: provider livekit, keys APIabc"))
        #expect(settings.description.contains("sources.d: provider daily, 1 secret"))
        #expect(settings.description.contains("sources.d.window: 5m"))
        #expect(settings.description.contains("sources.d.basic_auth: (hidden)"))
        #expect(settings.description.contains("sources.s.room_column: room"))
        #expect(settings.description.contains("tokens.issuers.own: hs256 (hidden)"))
        #expect(settings.description.contains("tokens.issuers.idp: jwks_url https://idp.example.com/keys"))
        #expect(settings.description.contains("tokens.daily: (hidden)"))
    }

    @Test(arguments: [
        "sources: {l: {provider: livekit, keys: {a: hush, b: [hush]}}}",
        "sources: {l: {provider: livekit, keys: {a: \"hush}}}",
        "sources: {l: {provider: livekit, keys: {a: hush: hush}}}",
        "tokens: {issuers: [{name: own, hs256: hush}]}",
        "tokens: {issuers: [{name: idp, jwks_url: \"https://me:hush@idp.example.com/\"}]}",
        "tokens: {daily: {hush: hush}}",
        "streams: {per_user: \"${SECRET}\"}",
        "streams: {over_cap: \"${SECRET}\"}",
        "listen: \"${SECRET}:80\"",
        "cors: {origins: [\"https://${SECRET}/\"]}",
    ])
    func noProblemQuotesASecret(yaml: String) throws {
        let told = try problems(yaml, environment: ["SECRET": "hush"])
        #expect(!told.isEmpty)
        #expect(!told.joined().contains("hush"))
    }

    @Test func originsAreShownBesideTheValues() throws {
        let settings = try load(
            "loops: 2\nsources:\n  d: {provider: daily, secrets: [x]}", environment: ["ROOMWIRE_DRAIN": "5s"],
            overrides: ["data": ["/d"]])
        let origins = settings.redacted.reduce(into: [:]) { $0[$1.key] = $1.origin.description }
        #expect(origins["loops"]?.hasSuffix("/roomwire.yaml:1") == true)
        #expect(origins["sources.d"]?.hasSuffix("/roomwire.yaml:3") == true)
        #expect(origins["drain"] == "ROOMWIRE_DRAIN")
        #expect(origins["data"] == "--data")
        #expect(origins["streams.per_user"] == "default")
    }
}

@Suite struct SettingsDataFolderTests {
    let parent: TemporaryFolder
    let folder: DataFolder

    init() throws {
        parent = try TemporaryFolder()
        folder = DataFolder(path: "\(parent.path)/share/roomwire")
    }

    func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func onlyItsUserMayLookInside() throws {
        _ = try folder.tokenSecret()
        #expect(try mode(folder.path) == 0o700)
        #expect(try mode(folder.path + "/token-secret") == 0o600)
    }

    @Test func aSecretIsMadeOnceAndKept() throws {
        #expect(!folder.hasTokenSecret)
        let secret = try folder.tokenSecret()
        #expect(secret.utf8.count == 64)
        #expect(folder.hasTokenSecret)
        #expect(try DataFolder(path: folder.path).tokenSecret() == secret)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["token-secret"])
    }

    @Test func everyFolderHasASecretOfItsOwn() throws {
        let other = DataFolder(path: "\(parent.path)/other")
        #expect(try folder.tokenSecret() != other.tokenSecret())
    }

    @Test func manyAtOnceAgreeOnOneSecret() async throws {
        let secrets = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<16 { group.addTask { [folder] in try folder.tokenSecret() } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(secrets.count == 1)
    }

    @Test func withoutSettingsTheDemoHasASourceAndTokensAnIssuer() throws {
        let settings = try Settings.load(environment: [:], overrides: ["data": [folder.path]])
        let demo = try settings.completed(demo: true)
        #expect(demo.sources.map(\.description) == ["demo (livekit)"])
        #expect(demo.mintingIssuer?.name == "own")
        #expect(try settings.completed(demo: true) == demo)
        #expect(try settings.completed(demo: false).sources.isEmpty)
    }

    @Test func anIssuerThatIsSetUpIsNotJoinedByAGeneratedOne() throws {
        let yaml = "tokens: {issuers: [{name: idp, jwks_url: https://idp.example.com}]}"
        let settings = try load(yaml, overrides: ["data": [folder.path]]).completed(demo: false)
        #expect(settings.tokens.issuers.map(\.name) == ["idp"])
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test func aFolderThatCannotBeUsedIsExplained() throws {
        let file = try parent.file("file", "")
        #expect(throws: DataFolderError(path: file, problem: "is a file, not a folder")) {
            try DataFolder(path: file).create()
        }
        #expect(throws: DataFolderError.self) { try DataFolder(path: file + "/below").create() }
    }

    private func mode(_ name: String, _ mode: Int) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path + name)
    }

    @Test func aFolderOfOurOwnPassesTheCheck() throws {
        #expect(try folder.check().isEmpty)
        _ = try folder.tokenSecret()
        #expect(try folder.check().isEmpty)
    }

    @Test(arguments: ["", "/token-secret"])
    func whatEverybodyCanWriteIsRefused(name: String) throws {
        _ = try folder.tokenSecret()
        try mode(name, name.isEmpty ? 0o1777 : 0o666)
        #expect(throws: DataFolderError.self) { try folder.check() }
    }

    @Test func aSecretThatEverybodyCanReadIsWarnedAbout() throws {
        _ = try folder.tokenSecret()
        try mode("/token-secret", 0o644)
        #expect(try folder.check().count == 1)
    }

    @Test func whatBelongsToAnotherUserIsRefused() throws {
        _ = try folder.tokenSecret()
        guard System.user == 0 else { return }
        let other = 4_242
        try FileManager.default.setAttributes([.ownerAccountID: other], ofItemAtPath: folder.path)
        #expect(throws: DataFolderError.self) { try folder.check(user: 4_243) }
        // Root's relay reads it all the same.
        #expect(try folder.check(user: 0).count == 1)
        // The file is root's, which is as good as one's own.
        #expect(try folder.check(user: UInt32(other)).isEmpty)
    }

    @Test(arguments: ["token-secret", "demo-source", "log.sqlite", "log.sqlite-wal", "log.lock", "revocations.json"])
    func noFileIsReachedByASymbolicLink(name: String) throws {
        try folder.create()
        let target = try parent.file("elsewhere", "a secret of somebody else\n")
        try FileManager.default.createSymbolicLink(atPath: folder.file(name), withDestinationPath: target)
        #expect(throws: DataFolderError.self) { try folder.check() }
    }

    @Test func aSecretIsNotReadThroughALink() throws {
        try folder.create()
        let target = try parent.file("elsewhere", "a secret of somebody else\n")
        try FileManager.default.createSymbolicLink(atPath: folder.file("token-secret"), withDestinationPath: target)
        #expect(throws: DataFolderError.self) { try folder.tokenSecret() }
    }

    @Test func theFolderItselfMayBeReachedByALink() throws {
        _ = try folder.tokenSecret()
        let link = "\(parent.path)/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path)
        #expect(try DataFolder(path: link).check().isEmpty)
    }

    @Test func replacingAFileRemovesALinkInItsWay() throws {
        try folder.create()
        let target = try parent.file("elsewhere", "untouched")
        let path = folder.file("revocations.json")
        for link in [path, path + ".new"] {
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        }
        try System.replaceOwnFile(path, with: Array("new".utf8))
        #expect(try System.readOwnFile(path, mostBytes: 100) == Array("new".utf8))
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "untouched")
        #expect(try System.readOwnFile(path + ".new", mostBytes: 100) == nil)
    }

    @Test func whatIsNoFileOfOurOwnIsNotRead() throws {
        try folder.create()
        #expect(throws: SystemError.self) { try System.readOwnFile(folder.path, mostBytes: 100) }
        try System.writeNewFile(folder.file("large"), Array(repeating: 0, count: 101))
        #expect(throws: SystemError.self) { try System.readOwnFile(folder.file("large"), mostBytes: 100) }
        #expect(throws: SystemError.self) { try System.writeNewFile(folder.file("large"), [1]) }
    }

    @Test func anEmptySecretIsNotTaken() throws {
        try folder.create()
        try "\n".write(toFile: folder.path + "/token-secret", atomically: false, encoding: .utf8)
        #expect(throws: DataFolderError.self) { try folder.tokenSecret() }
    }
}
