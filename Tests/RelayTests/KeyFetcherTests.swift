import Access
import Events
import Foundation
import Settings
import Telemetry
import TestSupport
import Testing
import Wire

@testable import API
@testable import Relay

/// What rules know of keys that are fetched, before and after a reload. How keys are fetched is tested with real
/// servers, in `Tests/blackbox/test_issuers.py`.
@Suite struct KeyFetcherTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Two public keys with the ids 1 and 2, from RFC 7517, appendix A.1, and RFC 8037, appendix A.2.
    private static let set = """
        {"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","kid":"1"},
        {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"2"}]}
        """

    /// Rules with an issuer whose keys are at a port where nobody listens.
    private func rules(
        url: String = "http://127.0.0.1:1/keys", refresh: String = "1h"
    ) throws -> (settings: Settings, rules: Rules) {
        let yaml = """
            tokens:
              issuers: [{name: idp, jwks_url: "\(url)"}]
              jwks_refresh: \(refresh)
            """
        let file = try folder.file("roomwire.yaml", yaml)
        let settings = try Settings.load(file: file, environment: [:], overrides: ["data": [folder.path]])
        return (settings, try Rules(settings))
    }

    /// Rules with what a fetcher knows already.
    private func prepared(by fetcher: KeyFetcher = KeyFetcher()) throws -> (rules: Rules, issuers: [KeyEntry]) {
        let (settings, rules) = try rules()
        return fetcher.prepare(rules, settings)
    }

    private func keep(_ text: String, url: String = "http://127.0.0.1:1/keys") throws {
        try KeptKeys(folder: DataFolder(path: folder.path), issuer: "idp", url: url).write(text)
    }

    /// Whether the keys would have to be fetched for a token with this key's id.
    private func lacks(_ keyID: String, _ rules: Rules) -> Bool {
        let header = Base64.url.text(Array(#"{"alg":"ES256","kid":"\#(keyID)"}"#.utf8))
        let claims = Base64.url.text(Array(#"{"sub":"ada","exp":4000000000}"#.utf8))
        return !rules.verifier.issuersToAsk(about: "\(header).\(claims).AAAA", now: 0).isEmpty
    }

    @Test func withoutKeptKeysNoneAreKnown() throws {
        let (rules, issuers) = try prepared()
        #expect(lacks("1", rules))
        #expect(issuers.map(\.address.issuer) == ["idp"])
        #expect(issuers.map(\.schedule.hasKeys) == [false])
    }

    @Test func keptKeysAreInForceAtOnce() throws {
        try keep(Self.set)
        let (rules, issuers) = try prepared()
        #expect(!lacks("1", rules))
        #expect(lacks("3", rules))
        #expect(issuers.map(\.schedule.hasKeys) == [true])
    }

    @Test(arguments: ["", "{", "{}", #"{"keys":[]}"#, "<html>"])
    func keptKeysThatCannotBeUsedAreAsGoodAsNone(text: String) throws {
        try keep(text)
        let (rules, issuers) = try prepared()
        #expect(lacks("1", rules))
        #expect(issuers.map(\.schedule.hasKeys) == [false])
    }

    @Test func keysOfAnotherAddressAreNotTaken() throws {
        try keep(Self.set, url: "http://127.0.0.1:2/keys")
        let (rules, _) = try prepared()
        #expect(lacks("1", rules))
    }

    /// Has a fetcher follow the rules that it starts with, in a context of their own. It is the test's to stop.
    private func start(_ fetcher: KeyFetcher) throws -> (first: Rules, context: RelayContext) {
        let (first, issuers) = try prepared(by: fetcher)
        let (settings, _) = try rules()
        let context = RelayContext(
            settings: settings, rules: first, keys: fetcher,
            caps: StreamCapSettings(perUser: 0, perAddress: 0, total: 0),
            revocations: try RevocationStore(path: "\(folder.path)/revocations.json"), tls: nil,
            output: LogOutput(settings))
        fetcher.follow(issuers, in: context.shared)
        return (first, context)
    }

    @Test func reloadKeepsTheKeysOfIssuersThatStay() throws {
        try keep(Self.set)
        let fetcher = KeyFetcher()
        let (_, context) = try start(fetcher)
        defer { fetcher.stop() }
        // Only the running fetcher knows them now.
        try keep("gone")

        let changed = try rules(refresh: "2h")
        context.adopt(changed.settings, changed.rules)
        #expect(!lacks("1", context.shared.rules))
        #expect(context.settings.tokens.jwksRefreshMilliseconds == 7_200_000)

        let moved = try rules(url: "http://127.0.0.1:2/keys")
        context.adopt(moved.settings, moved.rules)
        #expect(lacks("1", context.shared.rules))
    }

    @Test func aKeyThatWasLookedForInOlderRulesIsLookedForAgain() throws {
        let fetcher = KeyFetcher()
        let (first, context) = try start(fetcher)
        defer { fetcher.stop() }
        let changed = try rules(refresh: "2h")
        context.adopt(changed.settings, changed.rules)
        let late = fetcher.demand(of: ["idp"], under: first) { Issue.record("it does not wait") }
        #expect(late == nil)
        #expect(fetcher.demand(of: ["idp"], under: context.shared.rules) {} != nil)
    }

    @Test func whoComesAfterTheEndIsToldToComeBack() throws {
        let fetcher = KeyFetcher()
        let answer = fetcher.demand(of: ["idp"], under: try rules().rules) { Issue.record("it does not wait") }
        #expect(answer == .unavailable(retryAfterSeconds: 1))
        #expect(fetcher.demandAfterWait(of: ["idp"]) == .unavailable(retryAfterSeconds: 1))
    }
}
