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
    func patternMatchesTheWholeName(_ pattern: WireText, _ name: WireText, _ matches: Bool) {
        #expect(Pattern(pattern).matches(name) == matches)
        #expect(PatternSet([pattern]).matches(name) == matches)
    }

    @Test func namesThatOnlyLookAlikeAreDifferentNames() {
        let (composed, decomposed): (WireText, WireText) = ("caf\u{E9}", "cafe\u{301}")
        #expect(composed.string == decomposed.string, "to Swift they are the same")
        #expect(Pattern(composed).matches(composed) && !Pattern(composed).matches(decomposed))
        #expect(Pattern(composed) != Pattern(decomposed))
        #expect(PatternSet([composed, decomposed]).patterns.count == 2)
        #expect(PatternSet([composed, decomposed]) == PatternSet([decomposed, composed]))
        let room = RoomKey(source: "lk", name: composed)
        #expect(Set([room, RoomKey(source: "lk", name: decomposed), room]).count == 2)
        #expect(room != RoomKey(source: decomposed, name: composed))
        #expect(Set([composed, decomposed]).count == 2)
        // The same letters and length, with two accents in another order.
        #expect("a\u{301}\u{323}" as WireText != "a\u{323}\u{301}")
    }

    @Test func manyStarsDoNotTakeForever() {
        let pattern = Pattern(WireText(String(repeating: "a*", count: 40) + "b"))
        #expect(!pattern.matches(WireText(String(repeating: "a", count: 4000))))
    }

    @Test func setMatchesWhatOneOfItsPatternsMatches() {
        let set = PatternSet(["call_*", "lobby"])
        #expect(set.matches("call_1"))
        #expect(set.matches("lobby"))
        #expect(!set.matches("other"))
        #expect(set.exactNames == nil)
        #expect(PatternSet(["b", "a", "b"]).exactNames == ["a", "b"])
        #expect(!PatternSet([WireText]()).matches(""))
    }

    @Test func equalSetsAreEqualValues() {
        #expect(PatternSet(["a", "b"]) == PatternSet(["b", "a", "a"]))
        #expect(PatternSet(["a", "*"]) == .all)
        #expect(PatternSet(["*"]).matchesAll)
        #expect(!PatternSet(["**"]).matchesAll)
    }
}
