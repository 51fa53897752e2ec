import Events
import Testing
import Wire

@testable import Access

@Suite struct EffectiveFilterTests {
    private func outcome(
        granted: EventScope, requested: EventScope, participants: Set<WireText> = []
    ) throws(AccessRefusal) -> EventFilter {
        let identity = Identity(user: "ada", grant: Grant(scope: granted), issuer: "own")
        return try effectiveFilter(for: identity, requested: requested, participants: participants)
    }

    private func rooms(_ patterns: WireText...) -> EventScope { EventScope(rooms: PatternSet(patterns)) }

    @Test func filterHoldsWhatWasGrantedAndWhatWasAsked() throws {
        let filter = try outcome(granted: rooms("call_*"), requested: rooms("call_1"), participants: ["bob"])
        #expect(
            filter == EventFilter(granted: rooms("call_*"), requested: rooms("call_1"), participants: ["bob"]))
        #expect(filter.admitsRoom("call_1", source: "livekit"))
        #expect(!filter.admitsRoom("call_2", source: "livekit"))
    }

    @Test func askingForMoreThanIsGrantedGivesOnlyWhatIs() throws {
        let filter = try outcome(granted: rooms("call_1"), requested: rooms("call_*", "lobby"))
        #expect(filter.admitsRoom("call_1", source: "livekit"))
        #expect(!filter.admitsRoom("call_2", source: "livekit"))
        #expect(!filter.admitsRoom("lobby", source: "livekit"))
    }

    @Test func askingForNothingGrantedIsForbidden() {
        let cases: [(EventScope, EventScope)] = [
            (rooms("call_1"), rooms("call_2")),
            (rooms("call_*"), rooms("lobby", "standup")),
            (rooms(), rooms("call_1")),
            (EventScope(types: PatternSet(["room_*"])), EventScope(types: PatternSet(["track_*"]))),
            (EventScope(types: PatternSet([WireText]())), .everything),
            (EventScope(sources: PatternSet(["app"])), EventScope(sources: PatternSet(["livekit"]))),
        ]
        for (granted, requested) in cases {
            let refusal = #expect(throws: AccessRefusal.self) { try outcome(granted: granted, requested: requested) }
            #expect(refusal?.reason == .grantCoversNothing)
            #expect(refusal?.status == 403)
        }
    }

    @Test func grantWithoutRoomsStillReceivesWhatIsAddressedToTheUser() throws {
        let filter = try outcome(granted: rooms(), requested: .everything)
        #expect(!filter.admitsRoom("call_1", source: "livekit"))
    }

    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a", "A", false), ("", "", true), ("", "*", true), ("", "a*", false),
        ("*", "*", true), ("*", "a", true), ("a*", "ab", true), ("a*", "ba", false), ("*a", "ba", true),
        ("a*", "b*", false), ("a*", "ab*", true), ("ab*", "a*", true), ("*a", "*b", false), ("*a", "*ba", true),
        ("a*", "*b", true), ("a*c", "a*d", false), ("a*c", "b*c", false), ("ab*", "*ba", true), ("a*a", "a", false),
        ("a*x*c", "a*y*c", true), ("*x*", "*y*", true), ("a**", "ab*c", true), ("call_*", "call_4*2", true),
        ("a*b", "a*b", true), ("é*", "e*", false), ("日本*", "日*語", true),
    ])
    func patternsMeetWhereSomeNameMatchesBoth(left: WireText, right: WireText, meet: Bool) {
        #expect(Pattern(left).intersects(Pattern(right)) == meet)
        #expect(Pattern(right).intersects(Pattern(left)) == meet)
    }

    @Test func patternsMeetJustWhereAShortNameShowsIt() {
        // Names of up to six letters hold a witness for every two patterns of up to three.
        func texts(_ letters: String, upTo length: Int) -> [String] {
            var all = [""]
            var last = [""]
            for _ in 0..<length {
                last = last.flatMap { text in letters.map { text + String($0) } }
                all += last
            }
            return all
        }
        let patterns = texts("ab*", upTo: 3).map { Pattern(WireText($0)) }
        let names = texts("ab", upTo: 6)
        let matched = patterns.map { pattern in Set(names.filter { pattern.matches(WireText($0)) }) }
        for (left, leftNames) in zip(patterns, matched) {
            for (right, rightNames) in zip(patterns, matched) {
                let meet = !leftNames.isDisjoint(with: rightNames)
                #expect(left.intersects(right) == meet, "\(left.text) and \(right.text)")
            }
        }
    }

    @Test func grantThatCanReceiveNothingIsRefused() throws {
        var identity = Identity(
            user: "ada", grant: Grant(scope: EventScope(rooms: PatternSet([WireText]()))), issuer: "own",
            isAddressable: false)
        let error = #expect(throws: AccessRefusal.self) { try effectiveFilter(for: identity, requested: .everything) }
        #expect(error?.status == 403)
        // With rooms or without: what names the user is left.
        identity.isAddressable = true
        _ = try effectiveFilter(for: identity, requested: .everything)
    }
}
