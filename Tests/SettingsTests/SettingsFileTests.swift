import Access
import Events
import TestSupport
import Testing
import Wire

@testable import Settings

/// Any source of a known provider will do; the providers' own judgement is tested with them.
@Sendable func takesAnySource(_ source: SourceSettings) -> SourceFault? {
    if ["livekit", "daily", "whereby", "standard", "supabase"].contains(source.provider) { return nil }
    return SourceFault(setting: "provider", sentence: "there is no such provider")
}

/// Loads settings from the text of a file named `roomwire.yaml`.
func load(
    _ yaml: String, environment: [String: String] = [:], overrides: [String: [String]] = [:],
    checkSource: @escaping SourceReader.Check = takesAnySource
) throws -> Settings {
    let folder = try TemporaryFolder()
    let file = try folder.file("roomwire.yaml", yaml)
    return try Settings.load(file: file, environment: environment, overrides: overrides, checkSource: checkSource)
}

/// What is wrong with such a file, a line for each problem, without the folder's path.
func problems(
    _ yaml: String, environment: [String: String] = [:], overrides: [String: [String]] = [:],
    checkSource: @escaping SourceReader.Check = takesAnySource
) throws -> [String] {
    let folder = try TemporaryFolder()
    let file = try folder.file("roomwire.yaml", yaml)
    do {
        _ = try Settings.load(file: file, environment: environment, overrides: overrides, checkSource: checkSource)
        return []
    } catch {
        return error.problems.map { $0.description.replacing(folder.path + "/", with: "") }
    }
}

@Suite struct SettingsFileTests {
    static let full = """
        listen: [127.0.0.1:3001, "[::1]:3001"]
        metrics: 127.0.0.1:9090
        tls: {certificate: /etc/certificate.pem, key: /etc/key.pem}
        data: /var/lib/roomwire
        path_prefix: /relay/
        dashboard: false
        log:
          home: sqlite
          durability: normal
          retention: {age: 12h, events: 2_000_000, bytes: 512MiB}
        rooms: {stale_after: 36h, total: 5_000}
        sources:
          livekit: {provider: livekit, keys: {APIabc: "${LIVEKIT_API_SECRET}"}}
          daily:   {provider: daily, secrets: ["${DAILY_WEBHOOK_SECRET}", old], basic_auth: "user:password"}
        tokens:
          issuers:
            - {name: own, hs256: "${ROOMWIRE_TOKEN_SECRET}"}
            - name: idp
              jwks_url: https://idp.example.com/keys
              issuer: https://idp.example.com/
              audience: dashboards
              algorithms: [RS256, ES256]
              claims: {rooms: app_metadata.rooms}
              jwks_ca_file: ~/ca.pem
              default_grant: {rooms: ["lobby_*"], types: "room_*", raw: true}
            - {name: file, public_key_files: ~/key.pem}
          livekit: false
          livekit_users: true
          daily_users: true
          daily: ["${DAILY_API_KEY}", old]
          leeway: 30s
          require_expiry: false
          jwks_refresh: 1h
        streams:
          {heartbeat: 20s, per_user: 50, per_address: 100, total: 0, new_per_second: 500, over_cap: oldest, retry: 5s,
           max_age: 6h}
        presence: {grace: 20s, members_per_room: 500, rooms_per_user: 7, rooms_per_stream: 3, updates_per_second: 2}
        proxy: {trusted: [127.0.0.1, "2001:db8::/32"], header: X-Forwarded-For}
        cors: {origins: ["https://dash.example.com", "https://*.Example.com"]}
        rejects: {capture: true}
        limits: {request_bytes: 32MiB}
        loops: 2
        drain: 1m
        log_level: debug
        log_format: json
        """
    static let environment = [
        "HOME": "/home/ada", "LIVEKIT_API_SECRET": "lk", "DAILY_WEBHOOK_SECRET": "new", "DAILY_API_KEY": "api",
        "ROOMWIRE_TOKEN_SECRET": String(repeating: "s", count: 32),
    ]

    @Test func everySettingCanStandInTheFile() throws {
        let settings = try load(Self.full, environment: Self.environment)
        #expect(settings.listen.map(\.description) == ["127.0.0.1:3001", "[::1]:3001"])
        #expect(settings.metrics?.description == "127.0.0.1:9090")
        #expect(settings.tls.certificate == "/etc/certificate.pem")
        #expect(settings.tls.key == "/etc/key.pem")
        #expect(settings.data == "/var/lib/roomwire")
        #expect(settings.pathPrefix == "/relay")
        #expect(!settings.dashboard)
        #expect(settings.log.durability == .normal)
        #expect(settings.log.retention.ageMilliseconds == 43_200_000)
        #expect(settings.log.retention.events == 2_000_000)
        #expect(settings.log.retention.bytes == 536_870_912)
        #expect(settings.rooms.staleAfterMilliseconds == 36 * 3_600_000)
        #expect(settings.rooms.total == 5_000)
        #expect(settings.tokens.livekit == false)
        #expect(settings.tokens.livekitUsers && settings.tokens.dailyUsers)
        #expect(settings.tokens.daily == ["api", "old"])
        #expect(settings.tokens.leewayMilliseconds == 30_000)
        #expect(settings.tokens.requireExpiry == false)
        #expect(settings.tokens.jwksRefreshMilliseconds == 3_600_000)
        #expect(settings.streams.heartbeatMilliseconds == 20_000)
        #expect(settings.streams.perUser == 50)
        #expect(settings.streams.perAddress == 100)
        #expect(settings.streams.total == 0)
        #expect(settings.streams.newPerSecond == 500)
        #expect(settings.streams.overCap == .oldest)
        #expect(settings.streams.retryMilliseconds == 5000)
        #expect(settings.streams.maxAgeMilliseconds == 6 * 3_600_000)
        #expect(
            settings.presence
                == MemberSettings(
                    graceMilliseconds: 20_000, membersPerRoom: 500, roomsPerUser: 7, roomsPerStream: 3,
                    updatesPerSecond: 2))
        #expect(settings.cors.origins == ["https://dash.example.com", "https://*.example.com"])
        #expect(settings.proxy.trusted == ["127.0.0.1", "2001:db8::/32"])
        #expect(settings.proxy.header == "X-Forwarded-For")
        #expect(settings.rejects.capture)
        #expect(settings.limits.requestBytes == 33_554_432)
        #expect(settings.loops == 2)
        #expect(settings.drainMilliseconds == 60_000)
        #expect("\(settings.logLevel)" == "debug")
        #expect(settings.logFormat == .json)
        for setting in Setting.all { #expect(settings.origins[setting.key] != nil, "\(setting.key)") }
    }

    @Test func sourcesKeepKeysSecretsAndOptions() throws {
        let settings = try load(Self.full, environment: Self.environment)
        #expect(settings.source(named: "livekit")?.keys == ["APIabc": "lk"])
        #expect(settings.source(named: "daily")?.secrets == ["new", "old"])
        #expect(settings.source(named: "daily")?.options == ["basic_auth": "user:password"])
        #expect(settings.source(named: "whereby") == nil)
    }

    @Test func issuersKeepKeysAndClaims() throws {
        let issuers = try load(Self.full, environment: Self.environment).tokens.issuers
        #expect(issuers.map(\.name) == ["own", "idp", "file"])
        #expect(issuers[0].hs256 == String(repeating: "s", count: 32))
        #expect(issuers[1].jwksURL == "https://idp.example.com/keys")
        #expect(issuers[1].issuer == "https://idp.example.com/")
        #expect(issuers[1].audience == "dashboards")
        #expect(issuers[1].algorithms == [.rs256, .es256])
        #expect(issuers[1].claims == ["rooms": "app_metadata.rooms"])
        #expect(issuers[1].jwksCAFile == "/home/ada/ca.pem")
        #expect(
            issuers[1].defaultGrant
                == Grant(
                    scope: EventScope(rooms: PatternSet(["lobby_*"]), types: PatternSet(["room_*"])), raw: true))
        #expect(issuers[0].defaultGrant == nil)
        #expect(issuers[2].publicKeyFiles == ["/home/ada/key.pem"])
    }

    @Test(arguments: [
        "", "\n", "# nothing yet\n", "sources:\n", "sources:\n  # livekit: {}\ntokens:\n  issuers:\n", "{}",
    ])
    func aFileMayLeaveEverythingOut(yaml: String) throws {
        #expect(try load(yaml).sources.isEmpty)
    }

    @Test(arguments: [
        ("a${ONE}b", "a1b"), ("${ONE}${TWO}", "12"), ("${NONE:-three}", "three"), ("${NONE:-}x", "x"),
        ("${EMPTY:-three}", "three"), ("${ONE:-three}", "1"), ("$${ONE}", "${ONE}"), ("$ONE $", "$ONE $"),
        ("${NONE:-a:-b}", "a:-b"),
    ])
    func variablesArePutIntoValues(text: String, value: String) throws {
        var variables = Variables(environment: ["ONE": "1", "TWO": "2", "EMPTY": ""])
        #expect(try variables.expand(text) == value)
    }

    @Test(arguments: [
        ("${NONE}", "the environment variable NONE is not set"),
        ("${EMPTY}", "the environment variable EMPTY is not set"),
        ("x${ONE", "${ has no } after it"), ("${}", "a variable's name should stand between ${ and }"),
        ("${A B}", "a variable's name should stand between ${ and }"),
    ])
    func aMissingVariableIsAnError(text: String, sentence: String) {
        var variables = Variables(environment: ["ONE": "1", "EMPTY": ""])
        #expect { try variables.expand(text) } throws: { ($0 as? BadValue)?.sentence == sentence }
    }

    @Test func aLaterOriginWins() throws {
        let yaml = "listen: 127.0.0.1:1\ndata: /file\nloops: 3\nstreams: {per_user: 7}\n"
        let environment = ["ROOMWIRE_LISTEN": "127.0.0.1:2", "ROOMWIRE_DATA": "/environment", "ROOMWIRE_LOOPS": ""]
        let settings = try load(yaml, environment: environment, overrides: ["listen": ["127.0.0.1:3", "127.0.0.1:4"]])
        #expect(settings.listen.map(\.port) == [3, 4])
        #expect(settings.data == "/environment")
        #expect(settings.loops == 3)
        #expect(settings.streams.perUser == 7)
        #expect(settings.streams.total == 15_000)
        #expect(settings.origins["listen"] == .flag("--listen"))
        #expect(settings.origins["data"] == .environment("ROOMWIRE_DATA"))
        #expect(settings.origins["loops"]?.description.hasSuffix("roomwire.yaml:3") == true)
        #expect(settings.origins["streams.total"] == nil)
    }
}
