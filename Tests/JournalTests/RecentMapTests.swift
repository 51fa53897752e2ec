import TestSupport
import Testing

@testable import Journal

struct RecentMapTests {
    private func map(_ limit: Int, _ keys: Range<Int>) -> RecentMap<Int, String> {
        var map = RecentMap<Int, String>(limit: limit)
        for key in keys { map[key] = "\(key)" }
        return map
    }

    @Test func whatWasSetLongestAgoGoesFirst() {
        let map = map(3, 0..<5)
        #expect(map.ordered.map(\.key) == [2, 3, 4])
        #expect(map[1] == nil && map[2] == "2")
    }

    @Test func settingAgainMakesAnEntryNew() {
        var map = map(3, 0..<3)
        map[0] = "again"
        map[3] = "3"
        #expect(map.ordered.map(\.key) == [2, 0, 3])
        #expect(map[0] == "again")
    }

    @Test func whatIsRemovedMakesRoom() {
        var map = map(3, 0..<3)
        map[1] = nil
        map[3] = "3"
        #expect(map.ordered.map(\.key) == [0, 2, 3])
        #expect(map.count == 3)
    }

    @Test func changesGrowOnlyWithChanges() {
        var map = map(3, 0..<2)
        let before = map.changes
        map[9] = nil
        #expect(map.changes == before)
        map[1] = nil
        #expect(map.changes > before)
    }

    @Test func aRollbackLeavesTheMapAsItWas() {
        var generator = SeededGenerator(seed: 5)
        var map = RecentMap<Int, String>(limit: 20)
        for round in 0..<500 {
            let before = map
            for _ in 0..<Int.random(in: 0..<60, using: &generator) {
                let key = Int.random(in: 0..<40, using: &generator)
                map[key] = Bool.random(using: &generator) ? nil : "\(round)"
            }
            guard Bool.random(using: &generator) else {
                map.commit()
                continue
            }
            map.rollback()
            #expect(map.ordered.map(\.key) == before.ordered.map(\.key))
            #expect(map.ordered.map(\.value) == before.ordered.map(\.value))
            #expect(map.changes == before.changes && map.count == before.count)
        }
    }

    @Test func theOldestAreFoundUpToTheFirstThatIsNotWanted() {
        var map = map(9, 0..<6)
        map[0] = "again"
        map[2] = nil
        #expect(map.oldest { key, _ in key < 4 }.map(\.key) == [1, 3])
        map.commit()
        #expect(map.oldest { _, value in value != "again" }.map(\.key) == [1, 3, 4, 5])
        #expect(map.oldest { _, _ in false }.isEmpty)
    }

    @Test func theOrderOutlivesManyChangesOfFewKeys() {
        var map = map(2, 0..<2)
        for round in 0..<1_000 { map[round % 2] = "\(round)" }
        #expect(map.ordered.map(\.value) == ["998", "999"])
    }
}
