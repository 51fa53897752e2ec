import Events
import Testing
import Wire

@testable import Journal

/// Sessions of a room: starts and finishes, in and out of order.
struct SessionTests {
    @Test func aFinishWithPeopleInsideLogsTheirLeavesFirst() throws {
        var driver = FoldDriver()
        var finish = Make.finished(at: 90)
        finish.receivedAt = start + 95
        driver.apply(Make.started(), Make.joined("PA_1", at: 3), Make.joined("PA_2", at: 4))
        let logged = driver.apply(finish)
        #expect(
            logged.summary == [
                "participant_left PA_1 synthetic", "participant_left PA_2 synthetic", "room_finished",
            ])
        let leave = try #require(logged.first)
        #expect(leave.timestamp == start + 90)
        #expect(leave.receivedAt == start + 95)
        #expect(leave.room == "standup" && leave.source == "livekit" && leave.provider == "livekit")
        #expect(leave.data.room?.id == "RM_1")
        #expect(leave.data.participant?.joinedAt == start + 3)
        #expect(leave.data.participant?.leftAt == start + 90)
        #expect(leave.data.participant?.leaveReason == "room_finished")
        #expect(driver.present() == nil)
    }

    @Test func theLeavesCarryTheEndThatTheFinishTells() {
        var driver = FoldDriver()
        var finish = Make.finished(at: 90)
        finish.data.room?.endedAt = start + 80
        driver.apply(Make.joined("PA_1"))
        #expect(driver.apply(finish).first?.data.participant?.leftAt == start + 80)
    }

    @Test func aRealLeaveAfterItsSyntheticTwinIsLateAndChangesNothing() {
        var driver = FoldDriver()
        driver.apply(Make.joined("PA_1"), Make.finished(at: 9), Make.joined("PA_2", at: 20))
        let before = driver.room()
        #expect(driver.apply(Make.left("PA_1", at: 21)).summary == ["participant_left PA_1 late"])
        #expect(driver.apply(Make.left("PA_1", at: 22)).summary == ["participant_left PA_1 late"])
        #expect(driver.room() == before)
    }

    @Test func finishedAndForgottenLeavesAreBounded() {
        var driver = FoldDriver()
        driver.apply(Make.joined("PA_old"), Make.finished())
        for number in 0..<Limits.rememberedDepartures { driver.apply(Make.left("PA_\(number)")) }
        #expect(driver.fold.memory.departures.count == Limits.rememberedDepartures)
        #expect(driver.apply(Make.left("PA_old")).summary == ["participant_left PA_old"])
    }

    @Test func aFinishOfAnUnknownRoomIsLoggedAndChangesNothing() {
        var driver = FoldDriver()
        #expect(driver.apply(Make.finished()).summary == ["room_finished"])
        #expect(driver.fold.roomCount == 0)
    }

    @Test func aNewSessionFinishesTheOldOneFirst() throws {
        // A killed server sends no finish; the room comes back under a new sid.
        var driver = FoldDriver()
        driver.apply(
            Make.started("RM_1"), Make.joined("PA_1", at: 1), Make.recording(.recordingStarted, "EG_1", "active"))
        let logged = driver.apply(Make.started("RM_2", at: 60_000))
        #expect(
            logged.summary == ["participant_left PA_1 synthetic", "room_finished synthetic", "room_started"])
        let finish = try #require(logged.dropFirst().first)
        #expect(finish.data.room?.id == "RM_1")
        #expect(finish.data.room?.endedAt == start + 60_000)
        #expect(logged.first?.data.room?.id == "RM_1")
        #expect(driver.present() == [])
        #expect(driver.room()?.room.id == "RM_2")
        #expect(driver.room()?.recordings == [])
    }

    @Test func aJoinOfANewSessionFinishesTheOldOneToo() {
        var driver = FoldDriver()
        driver.apply(Make.started("RM_1"), Make.joined("PA_1", at: 1))
        let logged = driver.apply(Make.joined("PA_2", session: "RM_2", at: 60_000))
        #expect(
            logged.summary == [
                "participant_left PA_1 synthetic", "room_finished synthetic", "participant_joined PA_2",
            ])
        #expect(driver.present() == ["PA_2"])
        #expect(driver.room()?.room.id == "RM_2")
    }

    @Test func aLateFinishOfTheOldSessionDoesNotCloseTheNewOne() {
        var driver = FoldDriver()
        driver.apply(Make.started("RM_1"), Make.started("RM_2", at: 60_000), Make.joined("PA_2", session: "RM_2"))
        let before = driver.room()
        #expect(driver.apply(Make.finished("RM_1", at: 60_500)).summary == ["room_finished late"])
        #expect(driver.room() == before)
    }

    @Test func theRealTwinOfASyntheticFinishIsLateEvenWhenNoSessionIsOpen() {
        var driver = FoldDriver()
        driver.apply(Make.started("RM_1"), Make.started("RM_2", at: 60_000), Make.finished("RM_2", at: 70_000))
        #expect(driver.apply(Make.finished("RM_1", at: 60_500)).summary == ["room_finished late"])
    }

    @Test func aLateStartOrJoinOfAnOlderSessionChangesNothing() {
        var driver = FoldDriver()
        driver.apply(Make.started("RM_2", at: 60_000), Make.joined("PA_2", session: "RM_2", at: 61_000))
        let before = driver.room()
        #expect(driver.apply(Make.started("RM_1", at: 62_000, startedAt: 10)).summary == ["room_started late"])
        var join = Make.joined("PA_1", at: 63_000)
        join.data.room?.startedAt = start + 10
        #expect(driver.apply(join).summary == ["participant_joined PA_1 late"])
        #expect(driver.room() == before)
    }

    @Test func aFinishedSessionComesBack() {
        // A join during a delete: one sid may start three times, and joins follow its finish.
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.joined("PA_1"), Make.finished(at: 5), Make.joined("PA_2", at: 6))
        #expect(driver.present() == ["PA_2"])
        driver.apply(Make.started(at: 7, startedAt: 0))
        #expect(driver.present() == ["PA_2"])
        #expect(
            driver.apply(Make.finished(at: 8)).summary == ["participant_left PA_2 synthetic", "room_finished"])
        driver.apply(Make.started(at: 9, startedAt: 0))
        #expect(driver.present() == [])
    }

    @Test func aStartAfterTheFirstJoinTellsWhatTheJoinLeftOut() {
        var driver = FoldDriver()
        driver.apply(Make.joined("PA_1", session: nil, at: 10))
        #expect(driver.room()?.room.id == nil)
        #expect(driver.apply(Make.started("M_1", at: 11)).summary == ["room_started"])
        #expect(driver.present() == ["PA_1"])
        #expect(driver.room()?.room.id == "M_1")
        #expect(driver.room()?.room.startedAt == start + 11)
    }

    @Test func eventsWithoutASessionBelongToTheOpenOne() {
        // Daily's participant events carry no meeting id.
        var driver = FoldDriver()
        driver.apply(Make.started("M_1"), Make.joined("S_1", session: nil), Make.joined("S_2", session: nil))
        driver.apply(Make.left("S_1", session: nil))
        #expect(driver.present() == ["S_2"])
        #expect(driver.apply(Make.finished(nil)).summary == ["participant_left S_2 synthetic", "room_finished"])
    }

    @Test func whoOvertookTheStartOfTheirMeetingStaysInside() {
        // The old meeting's end is late, the new one's first join came before its start.
        var driver = FoldDriver()
        driver.apply(
            Make.started("M_1"), Make.joined("S_1", session: nil, at: 10),
            Make.joined("S_2", session: nil, at: 60_000))
        let logged = driver.apply(Make.started("M_2", at: 61_000, startedAt: 60_500))
        #expect(logged.summary == ["participant_left S_1 synthetic", "room_finished synthetic", "room_started"])
        #expect(driver.present() == ["S_2"])
        #expect(driver.room()?.room.id == "M_2")
    }

    @Test func theRoomTellsTheLastMetadataItWasGiven() {
        var driver = FoldDriver()
        var started = Make.started()
        started.data.room?.metadata = "a"
        var joined = Make.joined("PA_1")
        joined.data.room?.metadata = "b"
        driver.apply(started, joined, Make.joined("PA_2"))
        #expect(driver.room()?.room.metadata == "b")
        #expect(driver.room()?.room.startedAt == start)
    }
}
