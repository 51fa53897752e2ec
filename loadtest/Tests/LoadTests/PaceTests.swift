import Histogram
import Testing

@testable import roomwire_load

@Suite struct PaceTests {
    private static let millisecond: Int64 = 1_000_000

    private func taken(_ due: inout DueMoments, at now: Int64) -> [Int64] {
        var moments: [Int64] = []
        while let moment = due.next(at: now) { moments.append(moment) }
        return moments
    }

    @Test func eachMomentIsTakenOnceItHasCome() {
        var due = DueMoments(Schedule(startNanoseconds: 100, intervalNanoseconds: 10, channels: 1), count: 4)
        #expect(taken(&due, at: 99) == [])
        #expect(taken(&due, at: 100) == [100])
        #expect(taken(&due, at: 109) == [])
        #expect(taken(&due, at: 110) == [110])
        #expect(!due.isEmpty)
    }

    @Test func whatIsLateIsTakenAtOnceWithTheMomentsAtWhichItWasDue() {
        var due = DueMoments(Schedule(startNanoseconds: 100, intervalNanoseconds: 10, channels: 1), count: 4)
        #expect(taken(&due, at: 1000) == [100, 110, 120, 130])
        #expect(due.isEmpty)
        #expect(taken(&due, at: 2000) == [])
    }

    @Test func aTimerThatRunsWhenItIsDueIsNotLate() {
        var lateness = Lateness()
        lateness.start(at: 0)
        for moment in 1...100 { lateness.ran(at: Int64(moment) * Self.millisecond + 2000) }
        #expect(lateness.microseconds.totalCount == 100)
        #expect(lateness.microseconds.max == 2)
    }

    /// One that stands still for 10 ms is 10 ms late once, and 9, 8, ... ms at the moments that it slept through.
    @Test func aStandstillCountsWithEachMomentInIt() {
        var lateness = Lateness()
        lateness.start(at: 0)
        for moment in 1...90 { lateness.ran(at: Int64(moment) * Self.millisecond) }
        lateness.ran(at: 101 * Self.millisecond)
        #expect(lateness.microseconds.totalCount == 101)
        #expect(lateness.microseconds.max >= 10_000 && lateness.microseconds.max < 10_100)
        #expect(lateness.microseconds.valueAtPercentile(89) == 0)
        let inStandstill = lateness.microseconds.valueAtPercentile(95)
        #expect(inStandstill >= 4000 && inStandstill <= 6100)
    }

    @Test func whatPassesWhileNothingIsMeasuredIsNotLate() {
        var lateness = Lateness()
        lateness.start(at: 0)
        lateness.ran(at: 2 * Self.millisecond)
        lateness.start(at: 1000 * Self.millisecond)
        lateness.ran(at: 1000 * Self.millisecond + 1)
        lateness.ran(at: 1001 * Self.millisecond)
        #expect(lateness.microseconds.totalCount == 3)
        #expect(lateness.microseconds.max <= 1000)
    }
}
