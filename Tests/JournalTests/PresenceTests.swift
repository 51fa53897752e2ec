import Events
import Testing
import Wire

@testable import Journal

/// Who is inside: the cases of joins, leaves and aborts, in and out of order.
struct PresenceTests {
    @Test func presenceFollowsParticipantIdsNotIdentities() {
        // The identity's second connection is active before its first is closed (livekit#2399).
        var driver = FoldDriver()
        var second = Make.joined("PA_bob2", at: 40)
        second.data.participant?.identity = "pa_bob1"
        driver.apply(Make.started(), Make.joined("PA_bob1", at: 9), second)
        #expect(driver.present() == ["PA_bob1", "PA_bob2"])
        driver.apply(Make.left("PA_bob1", at: 41))
        #expect(driver.present() == ["PA_bob2"])
    }

    @Test func leftOfUnknownParticipantChangesNothing() {
        // livekit#1130, #1234: left without joined.
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.joined("PA_1"))
        let before = driver.room()
        #expect(driver.apply(Make.left("PA_9", at: 5)).summary == ["participant_left PA_9"])
        #expect(driver.room() == before)
    }

    @Test func leftInAnUnknownRoomOpensNone() {
        var driver = FoldDriver()
        driver.apply(Make.left("PA_9"))
        #expect(driver.present() == nil)
    }

    @Test func joinedInAnUnknownRoomOpensIt() {
        var driver = FoldDriver()
        driver.apply(Make.joined("PA_1"))
        #expect(driver.present() == ["PA_1"])
        #expect(driver.room()?.room.id == "RM_1")
    }

    @Test func joinedAgainReplacesAndKeepsTracks() {
        var driver = FoldDriver()
        var again = Make.joined("PA_1", at: 7, joinedAt: 0)
        again.data.participant?.name = "Ada"
        driver.apply(Make.joined("PA_1"), Make.track(.trackPublished, "TR_1", of: "PA_1"), again)
        #expect(driver.present() == ["PA_1"])
        #expect(driver.room()?.participants.first?.participant.name == "Ada")
        #expect(driver.tracks(of: "PA_1") == ["TR_1"])
    }

    @Test func aJoinThatComesAfterItsLeaveIsLateAndMakesNobodyPresent() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.left("PA_1", at: 20, joinedAt: 10))
        #expect(driver.apply(Make.joined("PA_1", at: 10)).summary == ["participant_joined PA_1 late"])
        #expect(driver.present() == [])
    }

    @Test func withoutJoinTimesTheEventsOwnTimesTellThatAJoinIsLate() {
        var driver = FoldDriver()
        var late = Make.joined("PA_1", at: 10)
        late.data.participant?.joinedAt = nil
        var again = late
        again.timestamp = start + 30
        driver.apply(Make.started(), Make.left("PA_1", at: 20), late)
        #expect(driver.present() == [])
        driver.apply(again)
        #expect(driver.present() == ["PA_1"])
    }

    @Test func whoComesBackUnderTheSameIdIsInsideAgain() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.left("PA_1", at: 20, joinedAt: 10), Make.joined("PA_1", at: 30))
        #expect(driver.present() == ["PA_1"])
        #expect(driver.apply(Make.left("PA_1", at: 40)).summary == ["participant_left PA_1"])
        #expect(driver.present() == [])
    }

    @Test func anAbortOfSomebodyWhoWasNeverInsideChangesNothing() {
        var driver = FoldDriver()
        driver.apply(Make.started(), Make.joined("PA_1"))
        let before = driver.room()
        let logged = driver.apply(Make.participant(.participantConnectionAborted, "PA_eve"))
        #expect(logged.summary == ["participant_connection_aborted PA_eve"])
        #expect(driver.room() == before)
    }

    @Test func anAbortOfSomebodyInsideRemovesThemWithALeave() {
        // livekit#3376, #3975, #4227: one side saw a join, the other only the abort.
        var driver = FoldDriver()
        driver.apply(Make.joined("PA_1"), Make.joined("PA_2"))
        let logged = driver.apply(Make.participant(.participantConnectionAborted, "PA_1", at: 9))
        #expect(logged.summary == ["participant_left PA_1 synthetic", "participant_connection_aborted PA_1"])
        #expect(logged.first?.data.participant?.leaveReason == "connection_aborted")
        #expect(driver.present() == ["PA_2"])
        #expect(driver.apply(Make.left("PA_1", at: 10)).summary == ["participant_left PA_1 late"])
    }

    @Test func agentsAndRecordersAreParticipantsOfTheirKind() {
        var driver = FoldDriver()
        var agent = Make.joined("PA_agent")
        agent.data.participant?.kind = "agent"
        driver.apply(agent)
        #expect(driver.room()?.participants.map(\.participant.kind) == ["agent"])
    }

    @Test func roomsOfTheSameNameInTwoSourcesAreTwo() {
        var driver = FoldDriver()
        var other = Make.joined("PA_2")
        other.source = "staging"
        driver.apply(Make.joined("PA_1"), other)
        #expect(driver.present() == ["PA_1"])
        #expect(driver.room(source: "staging")?.participants.map(\.participant.id) == ["PA_2"])
    }

    @Test(arguments: [
        Make.event(.unknown), Make.event(EventType(rawValue: "call.ringing")), Make.event(.participantWaiting),
        Make.participant(.participantWaiting, "PA_1"), Make.event(.participantJoined, room: nil, session: nil),
        Make.event(.streamStarted), Make.event(.participantJoined), Make.event(.trackPublished),
    ])
    func whatIsNoPresenceChangesNothing(_ event: Event) {
        var driver = FoldDriver()
        driver.apply(Make.started())
        let before = driver.room()
        #expect(driver.apply(event).count == 1)
        #expect(driver.room() == before)
        #expect(driver.fold.roomCount == 1)
    }

    @Test func anEventWithAnAudienceShowsInNoRoom() {
        var driver = FoldDriver()
        var event = Make.joined("PA_1")
        event.users = ["bob"]
        driver.apply(event)
        #expect(driver.present() == nil)
    }
}
