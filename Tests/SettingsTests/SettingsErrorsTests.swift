import Access
import TestSupport
import Testing

@testable import Settings

@Suite struct SettingsErrorsTests {
    @Test(arguments: [
        ("streams: {per_usr: 5}", "roomwire.yaml:1: streams.per_usr: unknown key; did you mean per_user?"),
        ("stream: {per_user: 5}", "roomwire.yaml:1: stream: unknown key; did you mean streams?"),
        ("loops: 1\nheartbeat: 15s", "roomwire.yaml:2: heartbeat: unknown key; did you mean streams.heartbeat?"),
        ("log: {level: debug}", "roomwire.yaml:1: log.level: unknown key; did you mean log_level?"),
        ("log:\n  retention:\n    evnts: 5", "roomwire.yaml:3: log.retention.evnts: unknown key; did you mean events?"),
        ("colour: blue", "roomwire.yaml:1: colour: unknown key"),
        (
            "sources: {a: {provider: daily, secret: x}}",
            "roomwire.yaml:1: sources.a.secret: unknown key; did you mean secrets?"
        ),
        (
            "tokens: {issuers: [{name: a, hs265: x}]}",
            "roomwire.yaml:1: tokens.issuers.hs265: unknown key; did you mean hs256?"
        ),
    ])
    func unknownKeysAreNamedWithTheirLine(yaml: String, problem: String) throws {
        #expect(try problems(yaml) == [problem])
    }

    @Test(arguments: [
        ("streams: {per_user: five}", "streams.per_user: a whole number should stand here"),
        ("streams: {per_user: 2.5}", "streams.per_user: a whole number should stand here"),
        ("streams: {per_user: [5]}", "streams.per_user: one value should stand here, not a list"),
        ("streams: {per_user: {a: 5}}", "streams.per_user: one value should stand here, not keys with values"),
        ("streams: {per_user: }", "streams.per_user: has no value"),
        ("streams: 5", "streams: keys with values should stand here, not one value"),
        ("streams: [5]", "streams: keys with values should stand here, not a list"),
        (
            "streams: {heartbeat: 15}",
            "streams.heartbeat: a duration should stand here, with its unit; did you mean 15s?"
        ),
        ("streams: {heartbeat: soon}", "streams.heartbeat: a duration should stand here, as in 15s, 10m or 24h"),
        ("streams: {heartbeat: 1ms}", "streams.heartbeat: the least is 100ms"),
        ("streams: {heartbeat: 2h}", "streams.heartbeat: the most is 1h"),
        ("streams: {over_cap: oldst}", "streams.over_cap: should be refuse or oldest; did you mean oldest?"),
        ("log: {retention: {bytes: 1G}}", "log.retention.bytes: a size should stand here, as in 64MiB or 1GiB"),
        ("log: {retention: {bytes: 1KiB}}", "log.retention.bytes: the least is 1MiB, or 0 for no bound"),
        ("rooms: {stale_after: 500ms}", "rooms.stale_after: the least is 1s, or 0 for no bound"),
        (
            "rooms: {stale_after: 24}",
            "rooms.stale_after: a duration should stand here, with its unit; did you mean 24s?"
        ),
        ("rooms: {stale_after: 4000d}", "rooms.stale_after: the most is 3650d, or 0 for no bound"),
        ("rooms: {total: -1}", "rooms.total: a whole number should stand here"),
        ("rooms: {stale_aftr: 1h}", "rooms.stale_aftr: unknown key; did you mean stale_after?"),
        ("log: {home: redis}", "log.home: should be sqlite"),
        ("tokens: {livekit: maybe}", "tokens.livekit: true or false should stand here"),
        ("listen: 3001", "listen: an address and a port should stand here; did you mean :3001?"),
        ("loops: 0", "loops: the least is 1"),
        (
            "proxy: {trusted: [localhost], header: X-Real-IP}",
            "proxy.trusted: an address or a network should stand here, as in 127.0.0.1 or 10.0.0.0/8"
        ),
        (
            "proxy: {trusted: [10.0.0.1/8], header: X-Real-IP}",
            "proxy.trusted: an address or a network should stand here, as in 127.0.0.1 or 10.0.0.0/8"
        ),
        (
            "proxy: {trusted: [127.0.0.1], header: \"a b\"}",
            "proxy.header: the name of a header should stand here, as in X-Forwarded-For"
        ),
        (
            "proxy: {trusted: [127.0.0.1]}",
            "proxy.trusted: needs proxy.header beside it: the header in which the proxy gives the client's address"
        ),
        (
            "proxy: {header: X-Real-IP}",
            "proxy.header: needs proxy.trusted beside it: the proxies from which the header is believed"
        ),
        ("data: ''", "data: a path should stand here"),
        ("path_prefix: api", "path_prefix: should begin with / and be plain segments of a path, as in /api"),
        ("path_prefix: /a?b", "path_prefix: should begin with / and be plain segments of a path, as in /api"),
        (
            "cors: {origins: [\"https://dash.example.com/\"]}",
            "cors.origins: an origin has no path, and no / at its end"
        ),
        (
            "cors: {origins: [dash.example.com]}",
            "cors.origins: an origin begins with https:// or http://, as in https://dash.example.com"
        ),
        (
            "cors: {origins: [\"https://a.*.com\"]}",
            "cors.origins: only the first part of an origin's host may be *, as in https://*.example.com"
        ),
        ("data: ${NOWHERE}", "data: the environment variable NOWHERE is not set"),
    ])
    func badValuesAreExplained(yaml: String, problem: String) throws {
        #expect(try problems(yaml) == ["roomwire.yaml:1: " + problem])
    }

    @Test(arguments: [
        ("{provider: livekitt}", "s.provider: there is no such provider"),
        ("{keys: {a: b}}", "s: needs a provider, as in provider: livekit"),
        ("{provider: [livekit]}", "s.provider: one value should stand here, not a list"),
        ("{provider: livekit, keys: {a: }}", "s.keys.a: has no value"),
        ("{provider: livekit, keys: [a]}", "s.keys: keys with values should stand here, not a list"),
        ("{provider: daily, secrets: [{a: b}]}", "s.secrets: one value should stand here, not keys with values"),
        ("{provider: daily, secrets: ['${NONE}']}", "s.secrets: the environment variable NONE is not set"),
    ])
    func brokenSourcesAreExplained(source: String, problem: String) throws {
        #expect(try problems("sources:\n  s: \(source)") == ["roomwire.yaml:2: sources." + problem])
    }

    @Test func aSourceIsNamedForAPath() throws {
        let sentence = "a source's name is letters, digits, _ . and -, since it stands in a path"
        #expect(try problems("sources: {a/b: {provider: daily}}") == ["roomwire.yaml:1: sources.a/b: \(sentence)"])
    }

    @Test func whatAProviderRefusesIsToldAtItsLine() throws {
        let yaml = "sources:\n  d:\n    provider: daily\n    window: long\n"
        let told = try problems(yaml) { source in
            source.options["window"].map { _ in SourceFault(setting: "window", sentence: "should be a duration") }
        }
        #expect(told == ["roomwire.yaml:4: sources.d.window: should be a duration"])
    }

    @Test(arguments: [
        ("{hs256: \(String(repeating: "s", count: 32))}", "an issuer needs a name"),
        ("{name: a}", "an issuer needs just one of hs256, jwks_file, jwks_url, public_key_files"),
        (
            "{name: a, jwks_file: f, jwks_url: https://x}",
            "an issuer needs just one of hs256, jwks_file, jwks_url, public_key_files"
        ),
        (
            "{name: a, jwks_url: http://idp.example.com/keys}",
            "jwks_url should begin with https://, since an attacker who changes the answer can mint tokens"
        ),
        (
            "{name: a, jwks_url: \"http://127.0.0.1:80@evil.example/keys\"}",
            "jwks_url should have no user and password in it"
        ),
        (
            "{name: a, jwks_url: idp.example.com}",
            "jwks_url should be an address, as in https://idp.example.com/keys"
        ),
        ("{name: a, jwks_file: f, jwks_ca_file: g}", "jwks_ca_file is for a jwks_url"),
        (
            "{name: a, hs256: short}",
            "the secret has 5 bytes and needs at least 32; openssl rand -hex 32 makes one"
        ),
    ])
    func brokenIssuersAreExplained(issuer: String, sentence: String) throws {
        let told = try problems("tokens:\n  issuers:\n    - \(issuer)\n")
        let key = issuer.contains("name: a") ? "tokens.issuers.a" : "tokens.issuers"
        #expect(told == ["roomwire.yaml:3: \(key): \(sentence)"])
    }

    @Test(arguments: ["HS384", "HS512", "PS256", "PS384", "PS512", "ES512", "none", "hs256", "es256", "\"\""])
    func anAlgorithmThatNoKeyIsUsedWithIsRefusedWithItsLine(name: String) throws {
        let told = try problems(
            """
            tokens:
              issuers:
                - name: a
                  jwks_file: f
                  algorithms: [ES256, \(name)]
            """)
        #expect(told.count == 1)
        let known = SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: " or ")
        #expect(told.first?.hasPrefix("roomwire.yaml:5: tokens.issuers.algorithms: should be \(known)") == true)
    }

    @Test(arguments: [
        ("{}", "default_grant: needs rooms, if only as []"),
        ("{types: [a]}", "default_grant: needs rooms, if only as []"),
        ("[a]", "default_grant: keys with values should stand here, not a list"),
        (
            "{rooms: [a], room: b}",
            "default_grant.room: should be rooms or types or sources or raw or admin or presence; did you mean rooms?"
        ),
        ("{rooms: [a], admin: maybe}", "default_grant.admin: true or false should stand here"),
        ("{rooms: [[a]]}", "default_grant.rooms: one value should stand here, not a list"),
    ])
    func brokenDefaultGrantsAreExplained(grant: String, sentence: String) throws {
        let secret = String(repeating: "s", count: 32)
        let told = try problems("tokens:\n  issuers:\n    - {name: a, hs256: \(secret), default_grant: \(grant)}\n")
        #expect(told == ["roomwire.yaml:3: tokens.issuers.\(sentence)"])
    }

    @Test(arguments: [
        ("leeway: 10", "leeway: a duration should stand here, with its unit; did you mean 10s?"),
        ("leeway: 1h", "leeway: the most is 10m"), ("jwks_refresh: 0", "jwks_refresh: the least is 1s"),
        ("require_expiry: maybe", "require_expiry: true or false should stand here"),
        ("daily: [\"\"]", "daily: a secret should stand here, and this is empty"),
    ])
    func brokenTokenSettingsAreExplained(line: String, sentence: String) throws {
        #expect(try problems("tokens:\n  \(line)\n") == ["roomwire.yaml:2: tokens.\(sentence)"])
    }

    @Test(arguments: [
        ("a: [1", "roomwire.yaml:2: is not YAML: did not find expected ',' or ']'"),
        ("loops: 1\n\tdrain: 2", "roomwire.yaml:2: is not YAML: found a tab character that violates indentation"),
        ("loops: 1\nloops: 2\n", "roomwire.yaml:1: loops: stands here twice"),
        ("- loops", "roomwire.yaml:1: keys with values should stand here, not a list"),
    ])
    func whatIsNoYAMLIsToldWithoutQuotingIt(yaml: String, problem: String) throws {
        #expect(try problems(yaml) == [problem])
    }

    @Test func everythingWrongIsToldAtOnce() throws {
        let yaml = """
            streams:
              per_usr: 5
              heartbeat: 15
            colour: blue
            """
        let environment = ["ROOMWIRE_LOOPS": "many", "ROOMWIRE_DRIAN": "1s"]
        #expect(
            try problems(yaml, environment: environment, overrides: ["listen": ["nowhere"]]) == [
                "roomwire.yaml:2: streams.per_usr: unknown key; did you mean per_user?",
                "roomwire.yaml:3: streams.heartbeat: a duration should stand here, with its unit; did you mean 15s?",
                "roomwire.yaml:4: colour: unknown key",
                "ROOMWIRE_LOOPS: a whole number should stand here",
                "ROOMWIRE_DRIAN: there is no such setting; did you mean ROOMWIRE_DRAIN?",
                "--listen: an address and a port should stand here, as in 127.0.0.1:3001",
            ])
    }

    @Test func aFileThatCannotBeReadIsNamed() throws {
        let folder = try TemporaryFolder()
        for (path, problem) in [
            ("\(folder.path)/none.yaml", "there is no such settings file"),
            (folder.path, "is a folder, not a settings file"),
            ("/dev/null", "is no regular file, which a reload could read again"),
        ] {
            #expect { try Settings.load(file: path, environment: [:]) } throws: { "\($0)" == "\(path): \(problem)" }
        }
    }
}
