import Testing

@testable import roomwire_load

@Suite struct CursorTests {
    private func verdicts(
        _ cursors: inout Cursors, stream: Int = 0, room: Int = 0, channel: Int = 0, _ sequences: Int...
    ) -> [Cursors.Verdict] {
        sequences.map { cursors.take(stream: stream, room: room, channel: channel, sequence: $0) }
    }

    @Test func eventsInTheirOrderAreDue() {
        var cursors = Cursors(streams: 1, lanes: 1)
        #expect(verdicts(&cursors, 0, 1, 2) == [.due, .due, .due])
        #expect(cursors.accounted == 3)
    }

    @Test func anEventShownTwiceIsRepeated() {
        var cursors = Cursors(streams: 1, lanes: 1)
        #expect(verdicts(&cursors, 0, 0, 1, 0) == [.due, .repeated, .due, .repeated])
    }

    @Test func missingEventsAreCountedWhereTheGapShows() {
        var cursors = Cursors(streams: 1, lanes: 1)
        #expect(verdicts(&cursors, 0, 3, 4, 100) == [.due, .skipped(2), .due, .skipped(95)])
        #expect(cursors.accounted == 101)
    }

    @Test func anEventThatComesAfterTheNextIsLateOnceThenRepeated() {
        var cursors = Cursors(streams: 1, lanes: 1)
        #expect(verdicts(&cursors, 1, 0, 0, 2) == [.skipped(1), .late, .repeated, .due])
    }

    @Test(arguments: [1, 30, 31, 32, 33, 64]) func whatWasShownBeforeAGapIsNotTakenForLate(gap: Int) {
        var cursors = Cursors(streams: 1, lanes: 1)
        #expect(verdicts(&cursors, 0, gap + 1) == [.due, .skipped(gap)])
        #expect(verdicts(&cursors, 0) == [.repeated])
    }

    @Test func eventsOfOtherRoomsAreForeign() {
        var cursors = Cursors(streams: 2, lanes: 2)
        #expect(verdicts(&cursors, stream: 1, room: 3, channel: 6, 0) == [.due])
        #expect(verdicts(&cursors, stream: 1, room: 3, channel: 7, 0) == [.due])
        #expect(verdicts(&cursors, stream: 1, room: 3, channel: 8, 0) == [.foreign])
        #expect(verdicts(&cursors, stream: 1, room: 3, channel: 5, 0) == [.foreign])
    }

    @Test func aStreamThatBeginsAnewStartsWithWhatItIsShownFirst() {
        var cursors = Cursors(streams: 1, lanes: 1)
        _ = verdicts(&cursors, 0, 1)
        cursors.forget(stream: 0)
        #expect(cursors.accounted == 0)
        #expect(cursors.isFresh(stream: 0, channel: 0, room: 0))
        #expect(cursors.position(stream: 0, lane: 0) == nil)
        #expect(verdicts(&cursors, 7, 8, 10) == [.due, .due, .skipped(1)])
        #expect(cursors.accounted == 11)
    }

    @Test func streamsThatWereShownAllInDifferentOrdersDiffer() {
        var cursors = Cursors(streams: 3, lanes: 2)
        for (stream, channels) in [[0, 1, 0], [0, 1, 0], [1, 0, 0]].enumerated() {
            var next = [0, 0]
            for channel in channels {
                #expect(cursors.take(stream: stream, room: 0, channel: channel, sequence: next[channel]) == .due)
                next[channel] += 1
            }
        }
        #expect(cursors.order(of: 0) == cursors.order(of: 1))
        #expect(cursors.order(of: 0) != cursors.order(of: 2))
        _ = cursors.take(stream: 0, room: 0, channel: 0, sequence: 5)
        #expect(cursors.order(of: 0) == nil)
    }

    @Test func aScheduleTellsWhatIsDueAfterAMoment() {
        let schedule = Schedule(startNanoseconds: 1000, intervalNanoseconds: 10, channels: 3)
        #expect(schedule.firstSequence(of: 0, dueAfter: 5) == 0)
        #expect(schedule.firstSequence(of: 0, dueAfter: 1000) == 1)
        #expect(schedule.firstSequence(of: 1, dueAfter: 1000) == 0)
        #expect(schedule.firstSequence(of: 0, dueAfter: 1029) == 1)
        #expect(schedule.firstSequence(of: 0, dueAfter: 1030) == 2)
    }
}

@Suite struct AudienceTests {
    @Test func everyRoomHasItsShare() {
        let audience = Audience(streams: 10, rooms: 3)
        #expect(audience.members == [4, 3, 3])
        #expect((0..<10).map(audience.room) == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    }

    @Test func followersAreAloneInTheFirstRoom() {
        let audience = Audience(streams: 7, rooms: 3, followers: 2)
        #expect(audience.members == [2, 3, 2])
    }
}

@Suite struct LastIDTests {
    @Test func anIDIsKeptUntilTheNextOne() {
        let ids = LastIDs(streams: 2)
        #expect(ids.id(of: 1) == nil)
        for (id, isKept) in [("7-0", true), (String(repeating: "x", count: 119), true)] {
            #expect(Array(id.utf8).withUnsafeBytes { ids.note($0, of: 1) } == isKept)
            #expect(ids.id(of: 1) == id)
        }
        #expect(ids.id(of: 0) == nil)
        ids.forget(1)
        #expect(ids.id(of: 1) == nil)
    }

    @Test func anIDThatIsTooLongIsRefused() {
        let ids = LastIDs(streams: 1)
        #expect(Array(String(repeating: "x", count: 120).utf8).withUnsafeBytes { !ids.note($0, of: 0) })
        #expect(ids.id(of: 0) == nil)
    }
}
