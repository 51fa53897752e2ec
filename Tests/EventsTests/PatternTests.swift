import Events
import Testing

/// Names and patterns of names.
struct PatternTests {
    @Test(arguments: [
        ("a", "a", true), ("a", "A", false), ("a", "ab", false), ("", "", true), ("", "a", false), ("*", "", true),
        ("*", "anything/at all 🦊", true), ("call_*", "call_", true), ("call_*", "call_42", true),
        ("call_*", "xcall_42", false), ("*_42", "call_42", true), ("*_42", "call_421", false), ("a*b*c", "abc", true),
        ("a*b*c", "aXbYc", true), ("a*b*c", "aXcYb", false), ("a*b", "ab_b", true), ("**", "x", true),
        ("a**b", "ab", true), ("*ö*", "schön", true), ("?", "x", false), ("[a]", "a", false), ("a.c", "abc", false),
        ("*aab", "aaaaab", true), ("*a*", "bbb", false),
    ])
    func patternMatchesTheWholeName(_ pattern: String, _ name: String, _ matches: Bool) {
        #expect(Pattern(pattern).matches(name) == matches)
        #expect(PatternSet([pattern]).matches(name) == matches)
    }

    @Test(arguments: ["caf\u{E9}", "caf\u{E9}*", "*\u{E9}", "*"])
    func bytesAreCompared(_ pattern: String) {
        // The same letters to a reader, and to `==` of strings.
        let apart = "cafe\u{301}"
        #expect(Pattern(pattern).matches("caf\u{E9}"))
        #expect(Pattern(pattern).matches(apart) == (pattern == "*"))
    }

    @Test func patternsThatOnlyLookAlikeAreTwo() {
        let (together, apart) = ("caf\u{E9}", "cafe\u{301}")
        #expect(Pattern(together) != Pattern(apart))
        #expect(PatternSet([together]) != PatternSet([apart]))
        let both = PatternSet([together, apart])
        #expect(both.patterns.count == 2 && both == PatternSet([apart, together]))
        #expect(both.matches(together) && both.matches(apart))
    }

    @Test func manyStarsDoNotTakeForever() {
        let pattern = Pattern(String(repeating: "a*", count: 40) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 4000)))
    }

    @Test func setMatchesWhatOneOfItsPatternsMatches() {
        let set = PatternSet(["call_*", "lobby"])
        #expect(set.matches("call_1"))
        #expect(set.matches("lobby"))
        #expect(!set.matches("other"))
        #expect(set.exactNames == nil)
        #expect(PatternSet(["b", "a", "b"]).exactNames == ["a", "b"])
        #expect(!PatternSet([String]()).matches(""))
    }

    @Test func equalSetsAreEqualValues() {
        #expect(PatternSet(["a", "b"]) == PatternSet(["b", "a", "a"]))
        #expect(PatternSet(["a", "*"]) == .all)
        #expect(PatternSet(["*"]).matchesAll)
        #expect(!PatternSet(["**"]).matchesAll)
    }
}
