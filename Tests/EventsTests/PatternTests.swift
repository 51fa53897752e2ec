import Events
import Testing
import Wire

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

    /// What a pattern means, in the fewest words: exponential, and right.
    private static func reference(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == UInt8(ascii: "*") {
            return reference(pattern.dropFirst(), name) || (!name.isEmpty && reference(pattern, name.dropFirst()))
        }
        return name.first == first && reference(pattern.dropFirst(), name.dropFirst())
    }

    private static func texts(of letters: [UInt8], upTo length: Int) -> [[UInt8]] {
        var all: [[UInt8]] = [[]]
        var last = all
        for _ in 0..<length {
            last = last.flatMap { text in letters.map { text + [$0] } }
            all += last
        }
        return all
    }

    @Test func everyShortPatternMatchesWhatItMeans() {
        let names = Self.texts(of: Array("ab".utf8), upTo: 7)
        for pattern in Self.texts(of: Array("ab*".utf8), upTo: 5) {
            let compiled = Pattern(WireText(decoding: pattern))
            for name in names {
                let isMeant = Self.reference(pattern[...], name[...])
                guard compiled.matches(WireText(decoding: name)) != isMeant else { continue }
                Issue.record("\(compiled.text) against \(String(decoding: name, as: UTF8.self))")
            }
        }
    }

    @Test func patternsFromOutsideAreBounded() throws {
        let stars = String(repeating: "*a", count: Limits.patternStars)
        #expect(try Pattern(checking: WireText(stars)).matches("xaxaxaxaxaxaxaxa"))
        #expect(throws: PatternError.tooManyStars) { try Pattern(checking: WireText(stars + "*")) }
        let longest = WireText(String(repeating: "é", count: Limits.patternBytes / 2))
        #expect(try Pattern(checking: longest).matches(longest))
        #expect(throws: PatternError.tooLong) { try PatternSet(checking: ["a", "\(longest)a"]) }
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
