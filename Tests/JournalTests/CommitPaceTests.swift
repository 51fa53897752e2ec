import Events
import Testing
import Wire

@testable import Journal

struct CommitPaceTests {
    @Test func aLoneDraftHasNobodyWait() {
        #expect(CommitPace.gatheringMicroseconds(drafts: 1) == 0)
        #expect(CommitPace.gatheringMicroseconds(drafts: 0) == 0)
    }

    @Test func moreDraftsGatherLongerUpToABound() {
        let times = (1...20).map { CommitPace.gatheringMicroseconds(drafts: $0) }
        #expect(times == times.sorted())
        #expect(times[1] < Limits.gatheringMicroseconds)
        #expect(CommitPace.gatheringMicroseconds(drafts: Limits.commitEvents) == Limits.gatheringMicroseconds)
    }
}
