import Events
import TestSupport
import Testing
import Wire

@testable import Access

@Suite struct GrantCoverageTests {
    private func scope(_ rooms: [WireText], types: [WireText] = ["*"], sources: [WireText] = ["*"]) -> EventScope {
        EventScope(rooms: PatternSet(rooms), types: PatternSet(types), sources: PatternSet(sources))
    }

    @Test(arguments: [
        // granted, requested, fresh grant, covered
        (["*"], ["*"], ["*"], true), (["*"], ["call_1"], ["call_1"], true), (["call_1"], ["*"], ["call_1"], true),
        (["*"], ["*"], ["call_*"], false), (["call_*"], ["*"], ["call_1"], false),
        (["call_*"], ["*"], ["call_*", "x"], true), (["call_*"], ["*"], ["c*"], true),
        (["call_*"], ["call_1", "lobby"], ["call_1"], true), (["a", "b"], ["*"], ["a"], false),
        (["a", "b"], ["*"], ["b", "a"], true), ([], ["*"], ["x"], true), ([], ["*"], [], true),
        (["*"], ["*"], ["**"], false), (["a*"], ["*b"], ["a*"], true), (["a*"], ["*b"], ["*b"], true),
        (["a*"], ["*b"], ["a*c"], false), (["a*b*"], ["*"], ["a*"], true), (["a*"], ["*"], ["a*b*"], false),
    ])
    func onlyAGrantOverAllOfAStreamCoversIt(
        granted: [WireText], requested: [WireText], fresh: [WireText], covered: Bool
    ) {
        let filter = EventFilter(granted: scope(granted), requested: scope(requested))
        #expect(Grant(scope: scope(fresh)).covers(filter, showsRaw: false) == covered)
    }

    @Test func typesSourcesAndRawCountAsWell() {
        let filter = EventFilter(granted: scope(["*"], types: ["room_*"], sources: ["app"]))
        func covers(_ grant: Grant, showsRaw: Bool = false) -> Bool { grant.covers(filter, showsRaw: showsRaw) }
        #expect(covers(Grant(scope: .everything)))
        #expect(covers(Grant(scope: scope(["*"], types: ["room_*", "x"], sources: ["app"]))))
        #expect(!covers(Grant(scope: scope(["*"], types: ["room_started"]))))
        #expect(!covers(Grant(scope: scope(["*"], sources: ["livekit"]))))
        #expect(!covers(Grant(scope: .everything), showsRaw: true))
        #expect(covers(Grant(scope: .everything, raw: true), showsRaw: true))
    }

    @Test func coverageNeverLetsAnEventThroughThatTheFreshGrantWouldNot() {
        // Every filter of these patterns, against every fresh grant of them, by every short name.
        let patterns: [WireText] = ["*", "a", "b", "a*", "*a", "b*", "a*b", "**", "*a*"]
        var names = [""]
        for _ in 0..<4 { names += names.flatMap { [$0 + "a", $0 + "b"] } }
        var covered = 0
        for granted in patterns {
            for requested in patterns {
                let filter = EventFilter(granted: scope([granted]), requested: scope([requested]))
                for fresh in patterns where Grant(scope: scope([fresh])).covers(filter, showsRaw: false) {
                    covered += 1
                    let renewed = EventFilter(granted: scope([fresh]), requested: scope([requested]))
                    for name in Set(names) where filter.admitsRoom(WireText(name), source: "app") {
                        #expect(
                            renewed.admitsRoom(WireText(name), source: "app"),
                            "\(granted) \(requested) \(fresh) \(name)")
                    }
                    let nowhere = Event(type: .roomStarted, source: "app", provider: "app", room: nil, receivedAt: 0)
                    if filter.admits(nowhere, to: "ada") { #expect(renewed.admits(nowhere, to: "ada")) }
                }
            }
        }
        #expect(covered > patterns.count)
    }
}
