import Events
import TestSupport
import Testing
import Wire

@testable import Journal

/// Events that reconciliation made, and the webhooks that tell the same later.
struct ReconciledTests {
    private func reconciled(_ event: Event) -> Event {
        var event = event
        (event.isSynthetic, event.isReconciled) = (true, true)
        return event
    }

    /// A driver that can be used within an expectation.
    private final class Driver {
        var driver = FoldDriver()

        @discardableResult
        func apply(_ events: Event...) -> [Event] {
            var logged: [Event] = []
            for event in events { logged = driver.apply(event) }
            return logged
        }

        func summary(_ event: Event) -> [String] { driver.apply(event).summary }
        func room() -> RoomState? { driver.room() }
        func present() -> [WireText]? { driver.present() }
        func tracks(of id: WireText) -> [WireText]? { driver.tracks(of: id) }
    }

    @Test func theTwinOfAReconciledJoinIsLateAndTheNextStayIsNot() {
        let driver = Driver()
        driver.apply(Make.started(), reconciled(Make.joined("PA_1", at: 9_000, joinedAt: 1_000)))
        let room = driver.room()
        #expect(driver.summary(Make.joined("PA_1", at: 10_000, joinedAt: 1_000)) == ["participant_joined PA_1 late"])
        #expect(driver.room() == room)
        driver.apply(Make.left("PA_1", at: 20_000, joinedAt: 1_000))
        #expect(driver.summary(Make.joined("PA_1", at: 30_000)) == ["participant_joined PA_1"])
        #expect(driver.present() == ["PA_1"])
    }

    @Test func aTwinThatComesAfterTheLeaveBringsNobodyBack() {
        let driver = Driver()
        driver.apply(Make.started(), reconciled(Make.joined("PA_1", at: 9_000, joinedAt: 1_000)))
        driver.apply(Make.left("PA_1", at: 20_000, joinedAt: 1_000))
        #expect(driver.summary(Make.joined("PA_1", at: 21_000, joinedAt: 1_000)) == ["participant_joined PA_1 late"])
        #expect(driver.present() == [])
    }

    @Test func aReturnAfterALostLeaveEndsTheReconciledStayFirst() {
        let driver = Driver()
        driver.apply(Make.started(), reconciled(Make.joined("PA_1", at: 9_000, joinedAt: 1_000)))
        #expect(
            driver.summary(Make.joined("PA_1", at: 30_000))
                == ["participant_left PA_1 synthetic", "participant_joined PA_1"])
        #expect(driver.present() == ["PA_1"])
    }

    @Test func anEarlierStaysJoinIsLateAndNotTheTwinOfALaterStay() {
        let driver = Driver()
        driver.apply(Make.started(), reconciled(Make.joined("PA_1", at: 90_000, joinedAt: 50_000)))
        #expect(driver.summary(Make.joined("PA_1", at: 91_000, joinedAt: 1_000)) == ["participant_joined PA_1 late"])
        #expect(driver.summary(Make.joined("PA_1", at: 92_000, joinedAt: 50_000)) == ["participant_joined PA_1 late"])
        #expect(driver.present() == ["PA_1"])
    }

    @Test(arguments: [EventType.participantLeft, .participantConnectionAborted])
    func theTwinOfAReconciledLeaveIsLateAlsoAfterAReturn(_ type: EventType) {
        let driver = Driver()
        driver.apply(Make.started(), Make.joined("PA_1"), reconciled(Make.left("PA_1", at: 60_000, joinedAt: 0)))
        driver.apply(Make.joined("PA_1", at: 70_000))
        let late = Make.participant(type, "PA_1", at: 50_000, joinedAt: 0)
        #expect(driver.summary(late) == ["\(type.rawValue) PA_1 late"])
        #expect(driver.present() == ["PA_1"])
        #expect(driver.summary(Make.left("PA_1", at: 80_000, joinedAt: 70_000)) == ["participant_left PA_1"])
        #expect(driver.present() == [])
    }

    @Test func theTwinsOfStartAndFinishAreLateAndTheNextSessionsAreNot() {
        let driver = Driver()
        driver.apply(reconciled(Make.started("RM_1", at: 9_000, startedAt: 1_000)))
        #expect(driver.summary(Make.started("RM_1", at: 9_500, startedAt: 1_000)) == ["room_started late"])
        driver.apply(reconciled(Make.finished("RM_1", at: 60_000)))
        #expect(driver.room() == nil)
        #expect(driver.summary(Make.finished("RM_1", at: 50_000)) == ["room_finished late"])
        #expect(driver.summary(Make.started("RM_2", at: 70_000)) == ["room_started"])
        #expect(driver.summary(Make.finished("RM_2", at: 80_000)) == ["room_finished"])
    }

    @Test func sessionsWithoutAnIDAreToldApartByTheirTimes() {
        let driver = Driver()
        driver.apply(reconciled(Make.started(nil, at: 9_000, startedAt: 1_000)))
        #expect(driver.summary(Make.started("M_1", at: 9_500, startedAt: 1_000)) == ["room_started late"])
        driver.apply(reconciled(Make.finished(nil, at: 60_000)))
        #expect(driver.summary(Make.finished("M_1", at: 50_000)) == ["room_finished late"])
        #expect(driver.summary(Make.started("M_2", at: 70_000)) == ["room_started"])
    }

    @Test func theTwinsOfTracksAreLateOnceEach() {
        let driver = Driver()
        driver.apply(Make.started(), Make.joined("PA_1"))
        let published = Make.track(.trackPublished, "TR_1", of: "PA_1")
        let unpublished = Make.track(.trackUnpublished, "TR_1", of: "PA_1")
        driver.apply(reconciled(published))
        #expect(driver.tracks(of: "PA_1") == ["TR_1"])
        driver.apply(reconciled(unpublished))
        #expect(driver.summary(published) == ["track_published PA_1 late"])
        #expect(driver.summary(unpublished) == ["track_unpublished PA_1 late"])
        #expect(driver.tracks(of: "PA_1") == [])
        #expect(driver.summary(published) == ["track_published PA_1"])
        #expect(driver.tracks(of: "PA_1") == ["TR_1"])
    }

    @Test func aReconciledFinishMarksTheLeavesThatItBringsAndTheirTwinsAreLate() {
        let driver = Driver()
        driver.apply(Make.started(), Make.joined("PA_1"))
        let logged = driver.apply(reconciled(Make.finished(at: 60_000)))
        #expect(logged.summary == ["participant_left PA_1 synthetic", "room_finished synthetic"])
        #expect(logged.map(\.isReconciled) == [true, true])
        #expect(driver.summary(Make.left("PA_1", at: 50_000, joinedAt: 0)) == ["participant_left PA_1 late"])
    }

    @Test func reconciledEventsThatWouldChangeNothingAreNotLogged() {
        let driver = Driver()
        driver.apply(Make.started(), Make.joined("PA_1"), Make.track(.trackPublished, "TR_1", of: "PA_1"))
        for event in [
            Make.started(), Make.joined("PA_1"), Make.left("PA_2"), Make.track(.trackPublished, "TR_1", of: "PA_1"),
            Make.track(.trackPublished, "TR_2", of: "PA_2"), Make.track(.trackUnpublished, "TR_2", of: "PA_1"),
            Make.finished("RM_0"), Make.finished("RM_0", room: "other"), Make.left("PA_1", joinedAt: -60_000),
        ] {
            let logged = driver.apply(reconciled(event))
            #expect(logged.isEmpty, "\(event.type)")
        }
    }

    @Test func theProvidersAnswerOutdoesAFinishOfTheRelaysOwn() {
        let driver = Driver()
        driver.apply(Make.started(), Make.joined("PA_1"))
        let key = RoomKey(source: "livekit", name: "standup")
        driver.apply(
            Draft.finish(key, provider: "livekit", reason: RoomEnd.stale, endedAt: nil, now: start + 90_000).event)
        driver.apply(reconciled(Make.started()), reconciled(Make.joined("PA_1")))
        #expect(driver.present() == ["PA_1"])
    }

    @Test func aNewSessionOfTheNameIsReconciledWithTheEndOfTheOld() {
        let driver = Driver()
        driver.apply(Make.started("RM_1"), Make.joined("PA_1", session: "RM_1"))
        #expect(
            driver.summary(reconciled(Make.started("RM_2", at: 60_000)))
                == ["participant_left PA_1 synthetic", "room_finished synthetic", "room_started synthetic"])
        #expect(driver.summary(Make.finished("RM_1", at: 50_000)) == ["room_finished late"])
        #expect(driver.room()?.room.id == "RM_2")
    }

    @Test func overTheBoundNothingIsReconciled() {
        let driver = Driver()
        driver.driver.fold.mostRooms = 0
        #expect(driver.summary(reconciled(Make.started())) == [])
        #expect(driver.summary(reconciled(Make.joined("PA_1"))) == [])
    }

    @Test func twinsAreCountedOnceAcrossKillsCheckpointsAndRetention() throws {
        let folder = try TemporaryFolder()
        let home = try folder.home(retention: Retention(ageMilliseconds: nil, events: 1))
        let join = reconciled(Make.joined("PA_1", at: 9_000, joinedAt: 1_000))
        _ = try home.append([Make.draft(Make.started()), Make.draft(join, key: "reconcile:join")], now: start)
        #expect(try home.append([Make.draft(join, key: "reconcile:join")], now: start).verdicts == [.duplicate])
        try home.checkpoint()
        _ = try home.trim()
        let again = try folder.crashed().home()
        let twin = Make.joined("PA_1", at: 10_000, joinedAt: 1_000)
        let commit = try again.append([Make.draft(twin), Make.draft(twin)], now: start + 1)
        #expect(commit.lateTwins == [LateTwin(source: "livekit", type: .participantJoined)])
        #expect(commit.events.first?.event.isLate == true)
        #expect(try again.append([Make.draft(Make.joined("PA_2"))], now: start + 2).lateTwins.isEmpty)
    }
}
