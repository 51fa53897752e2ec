import Testing

@testable import Settings

@Suite struct SettingsEnvironmentTests {
    static let secret = String(repeating: "s", count: 32)

    func load(_ environment: [String: String]) throws -> Settings {
        try Settings.load(file: nil, environment: environment, overrides: [:], checkSource: takesAnySource)
    }

    func problems(_ environment: [String: String]) -> [String] {
        do {
            _ = try load(environment)
            return []
        } catch {
            return (error as? SettingsError)?.problems.map(\.description) ?? ["\(error)"]
        }
    }

    @Test func theUsualVariablesMakeSources() throws {
        let settings = try load([
            "LIVEKIT_API_KEY": "APIabc", "LIVEKIT_API_SECRET": "lk", "DAILY_WEBHOOK_SECRET": "da",
            "WHEREBY_WEBHOOK_SECRET": "wh", "ROOMWIRE_TOKEN_SECRET": Self.secret,
        ])
        #expect(
            settings.sources == [
                SourceSettings(name: "livekit", provider: "livekit", keys: ["APIabc": "lk"]),
                SourceSettings(name: "daily", provider: "daily", secrets: ["da"]),
                SourceSettings(name: "whereby", provider: "whereby", secrets: ["wh"]),
            ])
        #expect(settings.tokens.issuers.map(\.name) == ["own"])
        #expect(settings.mintingIssuer?.hs256 == Self.secret)
    }

    @Test func everySettingHasAVariable() throws {
        let settings = try load([
            "ROOMWIRE_STREAMS_PER_USER": "50", "ROOMWIRE_LISTEN": "127.0.0.1:1, [::1]:2", "ROOMWIRE_DATA": "/d",
            "ROOMWIRE_LOG_RETENTION_AGE": "1h", "ROOMWIRE_LOG_LEVEL": "debug", "ROOMWIRE_TOKENS_LIVEKIT": "off",
        ])
        #expect(settings.streams.perUser == 50)
        #expect(settings.listen.map(\.description) == ["127.0.0.1:1", "[::1]:2"])
        #expect(settings.data == "/d")
        #expect(settings.log.retention.ageMilliseconds == 3_600_000)
        #expect("\(settings.logLevel)" == "debug")
        #expect(!settings.tokens.livekit)
    }

    @Test(arguments: [
        (["LIVEKIT_API_KEY": "k"], "LIVEKIT_API_KEY: needs LIVEKIT_API_SECRET beside it"),
        (["LIVEKIT_API_SECRET": "s"], "LIVEKIT_API_SECRET: needs LIVEKIT_API_KEY beside it"),
        (["ROOMWIRE_STREAMS_PER_USER": "x"], "ROOMWIRE_STREAMS_PER_USER: a whole number should stand here"),
        (
            ["ROOMWIRE_STREAM_PER_USER": "5"],
            "ROOMWIRE_STREAM_PER_USER: there is no such setting; did you mean ROOMWIRE_STREAMS_PER_USER?"
        ),
        (
            ["ROOMWIRE_HEARTBEAT": "5s"],
            "ROOMWIRE_HEARTBEAT: there is no such setting; did you mean ROOMWIRE_STREAMS_HEARTBEAT?"
        ),
        (["ROOMWIRE_COLOUR": "blue"], "ROOMWIRE_COLOUR: there is no such setting"),
        (
            ["ROOMWIRE_TOKEN_SECRET": "short"],
            "ROOMWIRE_TOKEN_SECRET: the secret has 5 bytes and needs at least 32; openssl rand -hex 32 makes one"
        ),
    ])
    func badVariablesAreExplained(environment: [String: String], problem: String) {
        #expect(problems(environment) == [problem])
    }

    @Test(arguments: [
        ["ROOMWIRE_DATA": ""], ["LIVEKIT_API_KEY": "", "LIVEKIT_API_SECRET": ""],
        ["ROOMWIRE_PORT": "tcp://10.0.0.1:3001", "ROOMWIRE_SERVICE_HOST": "10.0.0.1"],
        ["ROOMWIRE_TOKEN": "t", "ROOMWIRE_URL": "u", "ROOMWIRE_CONFIG": "c"],
    ])
    func variablesThatAreNoneOfTheRelaysBusinessChangeNothing(environment: [String: String]) throws {
        #expect(try load(environment) == load([:]))
    }

    @Test func aVariableAddsItsKeyToTheFilesSource() throws {
        let yaml = "sources: {livekit: {provider: livekit, keys: {APIold: old, APInew: wrong}}}"
        let settings = try loadFile(yaml, ["LIVEKIT_API_KEY": "APInew", "LIVEKIT_API_SECRET": "new"])
        #expect(settings.sources.map(\.keys) == [["APIold": "old", "APInew": "new"]])
    }

    @Test func aFileThatNamesTheKeyNeedsOnlyTheSecretsVariable() throws {
        let yaml = "sources: {lk: {provider: livekit, keys: {APIabc: \"${LIVEKIT_API_SECRET}\"}}}"
        let settings = try loadFile(yaml, ["LIVEKIT_API_SECRET": "lk"])
        #expect(settings.sources.map(\.name) == ["lk"])
    }

    @Test func aFileMayUseVariablesOfItsOwnNames() throws {
        #expect(try loadFile("data: ${ROOMWIRE_ROOT}/data", ["ROOMWIRE_ROOT": "/r"]).data == "/r/data")
    }

    @Test func aSourceOfAnotherProviderIsNotTakenOver() throws {
        let told = try SettingsTests.problems(
            "sources: {daily: {provider: standard, secrets: [x]}}", environment: ["DAILY_WEBHOOK_SECRET": "d"])
        #expect(told == ["DAILY_WEBHOOK_SECRET: the file's source daily is not of the provider daily"])
    }

    private func loadFile(_ yaml: String, _ environment: [String: String]) throws -> Settings {
        try SettingsTests.load(yaml, environment: environment)
    }
}
