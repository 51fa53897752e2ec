import FoundationEssentials
import TestSupport
import Testing

@testable import Settings

@Suite struct SettingsWarningsTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Settings of a file with these lines, and its permissions.
    private func warnings(_ text: String, permissions: Int = 0o600) throws -> [String] {
        let path = try folder.file("roomwire.yaml", text)
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
        let environment = ["APP_SECRET": "whsec_c2l4dGVlbiBieXRlcyBhbmQgc29tZSBtb3Jl"]
        // Not of the machine that runs the tests: what its folders lie on, and its limit of files.
        return try Settings.load(file: path, environment: environment).warnings().filter {
            !$0.hasPrefix("data is ") && !$0.hasPrefix("streams.total")
        }
    }

    private static let source = #"sources: {app: {provider: standard, secrets: ["${APP_SECRET}"]}}"# + "\n"
    private static let secret =
        #"sources: {app: {provider: standard, secrets: ["whsec_c2l4dGVlbiBieXRlcyBhbmQgc29tZSBtb3Jl"]}}"# + "\n"

    @Test func goodSettingsAreNotWarnedOf() throws {
        #expect(try warnings(Self.source, permissions: 0o644) == [])
        #expect(try warnings(Self.secret, permissions: 0o640) == [])
        #expect(
            try warnings(Self.source + "listen: ':3001'\nproxy: {trusted: ['10.0.0.1'], header: X-Forwarded-For}\n")
                == [])
        #expect(try warnings(Self.source + "listen: ['127.0.0.1:3001', 'localhost:1', '[::1]:3001']\n") == [])
    }

    @Test(arguments: [
        ("listen: ':3001'\n", "without TLS"), ("listen: '[::]:3001'\n", "without TLS"),
        ("streams: {per_user: 0}\n", "streams.per_user is 0"),
        ("streams: {per_user: 500, total: 100}\n", "bounds nothing"),
        ("cors: {origins: ['*']}\n", "cors.origins is *"),
        ("log: {retention: {age: 10m}}\n", "log.retention.age is 10m"),
    ])
    func aClassicMistakeIsOneWarning(text: String, word: String) throws {
        let found = try warnings(Self.source + text)
        #expect(found.count == 1 && found[0].contains(word), "\(found)")
    }

    @Test func secretsThatEverybodyCanReadAreOneWarningWithoutThem() throws {
        let found = try warnings(Self.secret, permissions: 0o644)
        #expect(found.count == 1 && found[0].contains("chmod") && !found[0].contains("whsec_"))
    }

    @Test(arguments: [
        #"app: {provider: standard, secrets: ["whsec_c2l4"]}"#, "w: {provider: whereby, secrets: [abc]}",
        #"w: {provider: whereby, secrets: ["..."]}"#, "l: {provider: livekit, keys: {APIabc: secret}}",
        "d: {provider: daily, secrets: [c2hvcnQ=]}", #"d: {provider: daily, basic_auth: "me:pw"}"#,
        "d: {provider: daily, secrets: [c2l4dGVlbiBieXRlcy4uLg==], basic_auth: short}",
        "w: {provider: whereby, secrets: [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]}",
        "app: {provider: standard, secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]}",
        "s: {provider: supabase, secrets: [fifteen-bytes--]}",
    ])
    func aWeakSecretIsOneWarningWithoutIt(source: String) throws {
        let found = try warnings("sources: {\(source)}\n")
        #expect(found.count == 1 && found[0].contains("a secret ") && found[0].contains("guesses"), "\(found)")
        for secret in ["c2l4", "secret:", "c2hvcnQ", "xxxx", "MfKQ", "fifteen-b", "me:pw"] {
            #expect(found.first?.contains(secret) != true)
        }
    }

    @Test(arguments: [
        "w: {provider: whereby, secrets: [sixteen-bytes-ok]}",
        "d: {provider: daily, secrets: [c2l4dGVlbiBieXRlcy4uLg==]}",
        "l: {provider: livekit, keys: {APIabc: sixteen-bytes-ok}}",
        "app: {provider: standard, secrets: [whsec_c2l4dGVlbiBieXRlcy4uLg==], redact: [abc]}",
        "s: {provider: supabase, secrets: [sixteen-bytes-ok], room_column: abc}",
    ])
    func aStrongSecretIsNotWarnedOf(source: String) throws {
        #expect(try warnings("sources: {\(source)}\n") == [])
    }

    @Test func aFileThatNamesOnlyVariablesHoldsNoSecretWhateverTheirValues() throws {
        // The value of the variable stands in the file, too: as part of other words.
        let text = "sources: {abc: {provider: whereby, secrets: [\"${APP_ABC}\"]}} # abc\nloops: 1\n"
        let path = try folder.file("roomwire.yaml", text)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let found = try Settings.load(file: path, environment: ["APP_ABC": "abc"]).warnings()
        #expect(!found.contains { $0.contains("chmod") })
        #expect(found.contains { $0.hasPrefix("sources.abc: a secret ") })
    }

    @Test(arguments: [
        "sources: {l: {provider: livekit, keys: {APIabc: a-secret-of-enough-bytes}}}\n",
        #"sources: {d: {provider: daily, basic_auth: "user:a-secret-of-enough-bytes"}}"# + "\n",
        "tokens: {daily: [a-secret-of-enough-bytes]}\n", "tokens.daily: a-secret-of-enough-bytes\n",
        "tokens: {issuers: [{name: own, hs256: a-secret-of-more-than-enough-bytes-for-it}]}\n",
    ])
    func aSecretInAnyPlaceOfAReadableFileIsWarnedOf(text: String) throws {
        let found = try warnings(text, permissions: 0o644).filter { $0.contains("chmod") }
        #expect(found.count == 1, "\(found)")
        #expect(try warnings(text).filter { $0.contains("chmod") } == [])
    }

    @Test func nineSecretsAreRefusedWithTheirLine() throws {
        let secrets = (0..<9).map { "a-secret-of-enough-bytes-\($0)" }.joined(separator: ", ")
        let text = "sources:\n  w:\n    provider: whereby\n    secrets: [\(secrets)]\n"
        let path = try folder.file("roomwire.yaml", text)
        let error = try #require(throws: SettingsError.self) { _ = try Settings.load(file: path, environment: [:]) }
        #expect(error.problems.map(\.key) == ["sources.w.secrets"])
        #expect(error.description.contains("roomwire.yaml:4:") && !error.description.contains("a-secret-of"))
    }

    @Test func theNamesThatAreRedactedAreShown() throws {
        let path = try folder.file(
            "roomwire.yaml", "sources: {w: {provider: whereby, secrets: [sixteen-bytes-ok], redact: [email, ssn]}}\n")
        let settings = try Settings.load(file: path, environment: [:])
        #expect(settings.description.contains("sources.w.redact: email,ssn"))
    }

    @Test func aRelayThatNobodyCanPostToSaysSo() throws {
        #expect(try warnings("drain: 1s\n").first?.contains("no source") == true)
    }

    @Test func foldersThatForgetOrLieAreKnown() {
        #expect(FileSystem.meaning(of: 0x0102_1994)?.contains("memory") == true)
        #expect(FileSystem.meaning(of: 0x6969)?.contains("network") == true)
        #expect(FileSystem.meaning(of: 0xEF53) == nil)
        #expect(FileSystem.unreliable(at: "/dev/shm/not/there/yet") == FileSystem.unreliable(at: "/dev/shm"))
    }

    @Test func everySettingSaysWhatItIsFor() {
        #expect(Set(Setting.meanings.keys) == Set(Setting.all.map(\.key)))
    }
}
