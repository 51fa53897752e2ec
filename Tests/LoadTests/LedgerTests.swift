import Testing

@testable import roomwire_load

@Suite struct LedgerTests {
    private func ledger(published count: Int, isOrderKnown: Bool = true) -> Ledger {
        var ledger = Ledger(isOrderKnown: isOrderKnown)
        for _ in 0..<count { _ = ledger.publish() }
        return ledger
    }

    private func verdicts(_ ledger: inout Ledger, _ numbers: Int...) -> [Ledger.Verdict] {
        var cursor = 0
        return numbers.map { ledger.take($0, cursor: &cursor) }
    }

    @Test func eventsInTheOrderOfPublishingAreDue() {
        var ledger = ledger(published: 3)
        #expect(verdicts(&ledger, 0, 1, 2) == [.due, .due, .due])
    }

    @Test func anEventShownTwiceIsRepeated() {
        var ledger = ledger(published: 2)
        #expect(verdicts(&ledger, 0, 0, 1) == [.due, .repeated, .due])
    }

    @Test func missingEventsAreCountedWhereTheGapShows() {
        var ledger = ledger(published: 5)
        #expect(verdicts(&ledger, 0, 3, 4) == [.due, .skipped(2), .due])
    }

    @Test func swappedEventsAreAGapAndALateOne() {
        var ledger = ledger(published: 2)
        #expect(verdicts(&ledger, 1, 0) == [.skipped(1), .repeated])
    }

    @Test func anEventThatNobodyPublishedIsUnknown() {
        var ledger = ledger(published: 1)
        #expect(verdicts(&ledger, 1) == [.unknown])
    }

    @Test func theFirstStreamSetsTheOrderThatTheServerChose() {
        var ledger = ledger(published: 3, isOrderKnown: false)
        #expect(verdicts(&ledger, 2, 0, 1) == [.due, .due, .due])
        #expect(verdicts(&ledger, 2, 0, 1) == [.due, .due, .due])
        #expect(verdicts(&ledger, 0, 1, 2) == [.skipped(1), .due, .repeated])
    }

    @Test func anEventThatTheOthersWereNotShownHereIsMisplaced() {
        var ledger = ledger(published: 3, isOrderKnown: false)
        #expect(verdicts(&ledger, 0, 1) == [.due, .due])
        #expect(verdicts(&ledger, 2) == [.misplaced])
    }

    @Test func aStreamResumesFromTheIDOfTheLastEventItSaw() {
        var ledger = ledger(published: 2)
        var cursor = 0
        #expect(ledger.id(before: cursor) == nil)
        _ = ledger.take(0, cursor: &cursor)
        #expect(ledger.lacksID(0))
        ledger.note(id: "7-0", of: 0)
        #expect(!ledger.lacksID(0))
        #expect(ledger.id(before: cursor) == "7-0")
    }
}
