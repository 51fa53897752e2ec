import Events
import Testing
import Wire

@testable import Journal

/// Joins that arrive after the finish of their session.
struct LateJoinTests {
    @Test func aJoinFromBeforeTheFinishIsLateAndOpensNothing() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.joined("PA_1", at: 1), Make.left("PA_1", at: 40), Make.finished(at: 60))
        #expect(driver.apply(Make.joined("PA_2", at: 61, joinedAt: 30)).summary == ["participant_joined PA_2 late"])
        #expect(driver.apply(Make.joined("PA_3", at: 62, joinedAt: 60)).summary == ["participant_joined PA_3 late"])
        #expect(driver.fold.roomCount == 0)
    }

    @Test func soIsOneWithoutATimeOfItsOwnByTheEvents() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.finished(at: 60))
        var join = Make.joined("PA_1", at: 70)
        join.data.participant?.joinedAt = nil
        join.timestamp = start + 50
        #expect(driver.apply(join).summary == ["participant_joined PA_1 late"])
    }

    @Test func alsoWhereTheRelayNeverKnewTheSessionAsOpen() {
        var driver = FoldDriver()
        driver.apply(Make.finished(at: 60))
        #expect(driver.apply(Make.joined("PA_1", at: 61, joinedAt: 30)).summary == ["participant_joined PA_1 late"])
        #expect(driver.fold.roomCount == 0)
    }

    @Test func aStartThatArrivesAfterTheFinishIsLateAndOpensNothing() {
        var driver = FoldDriver()
        driver.apply(Make.joined("PA_1", at: 2_000), Make.left("PA_1", at: 3_000), Make.finished(at: 60_000))
        var began = Make.started(at: 61_000)
        began.timestamp = start + 1_000
        #expect(driver.apply(began).summary == ["room_started late"])
        #expect(driver.fold.roomCount == 0)
        // Another session's start opens the room, whatever its time.
        var other = Make.started("RM_2", at: 62_000)
        other.timestamp = start
        #expect(driver.apply(other).summary == ["room_started"])
        #expect(driver.room()?.room.id == "RM_2")
    }

    @Test func aSessionBeginsAgainInTheSecondInWhichItEnded() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.finished(at: 60_900))
        #expect(driver.apply(Make.started(at: 60_000)).summary == ["room_started"])
    }

    @Test func aJoinOfANewSessionOpensTheRoom() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.finished(at: 60))
        // Its clock may say anything: the session is another.
        let join = Make.joined("PA_1", session: "RM_2", at: 61, joinedAt: 10)
        #expect(driver.apply(join).summary == ["participant_joined PA_1"])
        #expect(driver.room()?.room.id == "RM_2")
    }

    @Test func aFinishedSessionDoesNotEndTheNextOne() {
        var driver = FoldDriver()
        driver.apply(
            Make.started(at: 0), Make.finished(at: 60), Make.joined("PA_2", session: "RM_2", at: 70))
        let before = driver.room()
        // Without a time of the session's beginning the newcomer would count as newer.
        #expect(driver.apply(Make.joined("PA_1", at: 90, joinedAt: 80)).summary == ["participant_joined PA_1 late"])
        #expect(driver.apply(Make.joined("PA_1", at: 91, joinedAt: 30)).summary == ["participant_joined PA_1 late"])
        #expect(driver.apply(Make.event(.roomStarted, at: 92)).summary == ["room_started late"])
        #expect(driver.room() == before)
    }

    @Test func norDoesOneWhoseFinishCameLate() {
        var driver = FoldDriver()
        driver.apply(Make.joined("PA_2", session: "RM_2", at: 70), Make.finished("RM_1", at: 75))
        let before = driver.room()
        #expect(driver.apply(Make.joined("PA_1", at: 90, joinedAt: 30)).summary == ["participant_joined PA_1 late"])
        #expect(driver.room() == before)
    }

    @Test func aJoinOfASessionThatANewerOneReplacedIsLateToo() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.joined("PA_2", session: "RM_2", at: 70))
        #expect(driver.apply(Make.joined("PA_1", at: 90, joinedAt: 30)).summary == ["participant_joined PA_1 late"])
        #expect(driver.room()?.room.id == "RM_2")
        #expect(driver.present() == ["PA_2"])
    }

    @Test func aJoinWithoutASessionIsJudgedByTheLastFinishOfItsRoom() {
        // Daily's participants, of whom some sources tell no meeting.
        let slack = Limits.sessionStartSlackMilliseconds
        var driver = FoldDriver()
        driver.apply(Make.started("M_1"), Make.finished("M_1", at: 60_000))
        func join(_ joinedAt: Int64) -> [String] {
            driver.apply(Make.joined("S_\(joinedAt)", session: nil, at: 61_000, joinedAt: joinedAt)).summary
        }
        #expect(join(60_000 - slack - 1) == ["participant_joined S_\(60_000 - slack - 1) late"])
        #expect(driver.fold.roomCount == 0)
        // Within the time by which Daily's own times are apart it may be the first of the next meeting.
        #expect(join(60_000 - slack) == ["participant_joined S_\(60_000 - slack)"])
        // And while that is open, one of the meeting before it is late still.
        #expect(join(30_000) == ["participant_joined S_30000 late"])
    }

    @Test func aJoinWithoutASessionAndATimeOpensTheRoom() {
        var driver = FoldDriver()
        driver.apply(Make.finished(nil, at: 60))
        var join = Make.joined("S_1", session: nil, at: 61)
        join.data.participant?.joinedAt = nil
        join.timestamp = start
        #expect(driver.apply(join).summary == ["participant_joined S_1"])
    }

    @Test func aSessionThatComesBackHasItsJoinsAgain() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.finished(at: 60), Make.started(at: 61))
        #expect(driver.apply(Make.joined("PA_1", at: 62, joinedAt: 60)).summary == ["participant_joined PA_1"])
    }

    @Test func aFinishInAnotherRoomOrSourceSaysNothing() {
        var driver = FoldDriver()
        driver.apply(
            Make.finished(room: "other", at: 60), Make.event(.roomFinished, source: "livekit-2", at: 60))
        #expect(driver.apply(Make.joined("PA_1", at: 61, joinedAt: 30)).summary == ["participant_joined PA_1"])
    }

    @Test func theFinishesThatAreRememberedAreBounded() {
        var driver = FoldDriver()
        driver.apply(Make.finished("RM_old", at: 60))
        for number in 0..<Limits.rememberedFinishes { driver.apply(Make.finished("RM_\(number)", at: 60)) }
        #expect(driver.fold.memory.finishes.count == Limits.rememberedFinishes)
        let join = Make.joined("PA_1", session: "RM_old", at: 61, joinedAt: 30)
        #expect(driver.apply(join).summary == ["participant_joined PA_1"])
    }

    @Test func sessionsThatAnEarlierVersionRememberedAreKnown() throws {
        let text =
            #"{"departures":[],"supersededSessions":[{"source":"livekit","room":"standup","id":"RM_1"}],"earlyTracks":[]}"#
        var driver = FoldDriver()
        driver.fold = RoomFold(rooms: [], memory: FoldMemory(try JSONReader.value(text)))
        #expect(driver.apply(Make.finished(at: 5)).summary == ["room_finished late"])
    }
}
