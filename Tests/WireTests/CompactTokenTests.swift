import Testing
import Wire

/// Tokens, split and decoded, not yet believed.
struct CompactTokenTests {
    private func text(_ header: String, _ claims: String, _ signature: String = "sig") -> String {
        [header, claims, signature].map { Base64.url.text(Array($0.utf8)) }.joined(separator: ".")
    }

    @Test func partsAreDecoded() throws {
        let token = text(#"{"alg":"HS256","typ":"JWT"}"#, #"{"iss":"key","exp":5}"#)
        let read = try #require(CompactToken(token.utf8))
        #expect(read.algorithm == "HS256")
        #expect(read.claims["exp"] == .integer(5))
        #expect(read.signature == Array("sig".utf8))
        #expect(read.signedBytes == Array(token.utf8.prefix { _ in true }.dropLast(5)))
    }

    @Test func lastOfDuplicateClaimsCounts() {
        #expect(CompactToken(text("{}", #"{"a":1,"a":2}"#).utf8)?.claims["a"] == .integer(2))
    }

    @Test func whatIsNoTokenIsRefused() {
        let good = text("{}", "{}")
        let parts = good.split(separator: ".").map(String.init)
        let bad = [
            "", ".", "..", "a.b.c", parts[0], "\(parts[0]).\(parts[1])", "\(good).x", "\(good).", "\(good)=",
            " \(good)", "\(parts[0])..\(parts[2])", "\(parts[0]).\(parts[1]).", text("[]", "{}"), text("{}", "5"),
            text("{", "{}"), text("{}", "{}", ""), good.replacing(".", with: "+."),
        ]
        for token in bad { #expect(CompactToken(token.utf8) == nil, "\(token)") }
        #expect(CompactToken(good.utf8) != nil)
    }

    @Test func tokenThatIsTooLongIsNotEvenLookedAt() {
        let long = text("{}", "{}", String(repeating: "x", count: Limits.tokenBytes))
        #expect(CompactToken(long.utf8) == nil)
    }
}
