import TestSupport
import Testing

@testable import Settings

@Suite struct SettingsLossTests {
    private static let source =
        "sources: {app: {provider: standard, secrets: [\"whsec_c2l4dGVlbiBieXRlcyBhbmQgc29tZSBtb3Jl\"]}}\n"
    private static let issuer =
        "tokens: {issuers: [{name: own, hs256: \"a test secret with more than 32 bytes in it\"}]}\n"
    private static let other = "streams: {per_user: 7}\n"

    @Test(arguments: [
        (source + issuer, "", "empty"), (source + issuer, "# " + source, "empty"), (other, "\n\n", "empty"),
        (source + issuer, issuer, "no source"), (source + issuer, source, "no issuer"),
        (source + other, other, "no source"), (issuer + other, other, "no issuer"),
        (source + issuer, "sources: {}\n" + issuer, "no source"),
    ])
    func whatIsRarelyMeantIsALoss(old: String, new: String, words: String) throws {
        #expect(try load(new).loss(after: load(old))?.contains(words) == true)
    }

    @Test(arguments: [
        ("", ""), ("", source + issuer), (source + issuer, source + issuer), (other, source), (other, issuer + other),
    ])
    func whatOnlyChangesIsNone(old: String, new: String) throws {
        #expect(try load(new).loss(after: load(old)) == nil)
    }

    @Test func whatTheRelayMadeUpIsNotLost() throws {
        let folder = try TemporaryFolder()
        let old = try load(Self.other, overrides: ["data": [folder.path]]).completed(demo: true)
        #expect(try load(Self.other).loss(after: old) == nil)
    }
}
