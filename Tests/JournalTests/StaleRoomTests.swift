import Events
import TestSupport
import Testing
import Wire

@testable import Journal

/// Rooms that the relay finishes itself: those that nothing is heard from, and those that an administrator closes.
struct StaleRoomTests {
    private func key(_ room: WireText = "standup") -> RoomKey { RoomKey(source: "livekit", name: room) }

    private func closing(_ room: WireText = "standup", at time: Int64) -> Event {
        Draft.finish(
            key(room), provider: "livekit", reason: RoomEnd.closed, endedAt: start + time, now: start + time
        ).event
    }

    private func stale(_ fold: RoomFold, before time: Int64, events: Int = 1_000) -> [WireText?] {
        fold.staleRooms(events: events, now: start + time) { $0.wall < start + time }.map(\.event.room)
    }

    @Test func aSilentRoomIsFinishedWithItsLeavesFirst() throws {
        var driver = FoldDriver()
        var started = Make.started()
        started.data.room?.metadata = "m"
        driver.apply(started, Make.joined("PA_1", at: 3), Make.joined("PA_2", at: 4))
        let draft = try #require(
            driver.fold.staleRooms(events: 10, now: start + 900) { $0.wall < start + 900 }.first)
        let logged = driver.apply(draft.event)
        #expect(
            logged.summary == [
                "participant_left PA_1 synthetic", "participant_left PA_2 synthetic", "room_finished synthetic",
            ])
        let finish = try #require(logged.last)
        #expect(finish.timestamp == start + 900 && finish.receivedAt == start + 900)
        #expect(finish.provider == "livekit" && finish.source == "livekit")
        #expect(finish.data.room?.id == "RM_1" && finish.data.room?.metadata == "m")
        #expect(finish.data.room?.endReason == "stale")
        // When the last sign of life came: nothing is known of the time after it.
        #expect(finish.data.room?.endedAt == start + 4)
        #expect(logged.first?.data.participant?.leftAt == start + 4)
        #expect(driver.room() == nil)
        #expect(stale(driver.fold, before: 10_000).isEmpty)
    }

    @Test func everyEventOfARoomIsASignOfLifeByTheTimeOfItsReceipt() {
        for sign in [
            Make.track(.trackPublished, "TR_1", of: "PA_unknown"), Make.left("PA_unknown"),
            Make.event(.transcriptReady),
            Make.event(EventType(rawValue: "call.ringing"), session: nil), Make.finished("RM_0"),
        ] {
            var driver = FoldDriver()
            driver.apply(Make.started(), Make.joined("PA_1"))
            #expect(stale(driver.fold, before: 1) == ["standup"])
            var sign = sign
            sign.receivedAt = start + 500
            sign.timestamp = start - 99_000
            driver.apply(sign)
            #expect(stale(driver.fold, before: 500).isEmpty, "\(sign.type)")
            #expect(stale(driver.fold, before: 501) == ["standup"], "\(sign.type)")
        }
    }

    @Test func anEventForSomeUsersIsASignOfLifeAndChangesNothingElse() {
        var driver = FoldDriver()
        driver.apply(Make.started())
        let before = driver.room()
        var event = Make.joined("PA_9", at: 50)
        event.users = ["ada"]
        driver.apply(event)
        #expect(driver.room() == before)
        #expect(stale(driver.fold, before: 50).isEmpty)
    }

    @Test func eventsOfOtherRoomsAndSourcesAreNone() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.started(room: "other", at: 80))
        driver.apply(Make.event(.unknown, source: "daily", at: 90))
        #expect(stale(driver.fold, before: 81) == ["standup", "other"])
        #expect(stale(driver.fold, before: 80) == ["standup"])
    }

    @Test func aBatchIsBoundedByItsEventsAndTakesTheLongestSilentFirst() {
        var driver = FoldDriver()
        for number in 0..<6 {
            let room = WireText("r\(number)")
            driver.apply(Make.started(room: room, at: Int64(number)))
            driver.apply(Make.joined("PA_\(number)", room: room, at: Int64(number)))
        }
        driver.apply(Make.event(.unknown, room: "r0", at: 90))
        #expect(stale(driver.fold, before: 50, events: 3) == ["r1", "r2"])
        #expect(stale(driver.fold, before: 50, events: 1) == ["r1"])
        #expect(stale(driver.fold, before: 50).count == 5)
        #expect(stale(driver.fold, before: 4) == ["r1", "r2", "r3"])
    }

    @Test func whatAFailedCommitHeardIsNotHeard() {
        var driver = FoldDriver()
        driver.apply(Make.started())
        _ = driver.fold.apply(Make.joined("PA_1", at: 700)) { EventID(rawValue: 1 << 60) }
        driver.fold.discard()
        #expect(stale(driver.fold, before: 1) == ["standup"])
    }

    @Test func theProvidersOwnFinishAfterwardsIsLateAndSoAreItsLeaves() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.joined("PA_1"), closing(at: 50))
        #expect(driver.apply(Make.left("PA_1", at: 60)).summary == ["participant_left PA_1 late"])
        #expect(driver.apply(Make.finished(at: 61)).summary == ["room_finished late"])
        #expect(driver.apply(Make.finished(at: 62)).summary == ["room_finished late"])
        #expect(driver.fold.roomCount == 0)
    }

    @Test func theProvidersFinishIsLateAlsoWhereOneOfThemNamesNoSession() {
        var driver = FoldDriver()
        driver.apply(Make.joined("PA_1", session: nil), closing(at: 50))
        #expect(driver.apply(Make.finished("M_1", at: 61)).summary == ["room_finished late"])
        driver.apply(Make.started("M_2", at: 100), closing(at: 150))
        #expect(driver.apply(Make.finished(nil, at: 161)).summary == ["room_finished late"])
    }

    @Test func aLaterSessionHasAFinishOfItsOwn() {
        var driver = FoldDriver()
        driver.apply(Make.started(), closing(at: 50), Make.started("RM_2", at: 70))
        #expect(driver.apply(Make.finished("RM_1", at: 71)).summary == ["room_finished late"])
        #expect(driver.apply(Make.finished("RM_2", at: 72)).summary == ["room_finished"])
    }

    @Test func aRoomThatLivesComesBackWithItsNextJoin() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.joined("PA_1", at: 5), closing(at: 50))
        // The provider's clock may be behind ours: what counts is that it is after the last event of the room.
        #expect(driver.apply(Make.joined("PA_2", at: 60, joinedAt: 45)).summary == ["participant_joined PA_2"])
        #expect(driver.present() == ["PA_2"])
        #expect(driver.apply(Make.finished(at: 70)).summary == ["participant_left PA_2 synthetic", "room_finished"])
    }

    @Test func closingARoomThatIsNotOpenLogsNothing() {
        var driver = FoldDriver()
        #expect(driver.apply(closing(at: 1)).isEmpty)
        driver.apply(Make.started(), closing(at: 50))
        #expect(driver.apply(closing(at: 51)).isEmpty)
        #expect(driver.log.count == 2)
    }

    @Test func theEndIsNeverBeforeTheBeginningWhateverTheProvidersClock() throws {
        var driver = FoldDriver()
        driver.apply(
            Make.started(at: 1, startedAt: 9_000), Make.joined("PA_1", at: 2, joinedAt: 9_500))
        let draft = try #require(driver.fold.staleRooms(events: 9, now: start + 5) { _ in true }.first)
        let logged = driver.apply(draft.event)
        #expect(logged.last?.data.room?.endedAt == start + 9_000)
        #expect(logged.first?.data.participant?.leftAt == start + 9_500)
    }
}

/// When the writer looks for rooms that are stale.
struct StaleRoomPaceTests {
    @Test func itIsDueOnceASecondAndAtOnceWhileThereIsMore() {
        var pace = StaleRoomPace(now: 0)
        var due = [999, 1_000, 1_001].map { pace.isDue(now: $0) }
        #expect(due == [false, true, false])
        pace.hasMore = true
        due = [pace.isDue(now: 1_001)]
        #expect(due == [true])
    }
}
