import Events
import Testing
import Wire

@testable import Journal

struct TrackAndRecordingTests {
    @Test func tracksComeAndGoWithTheirParticipant() {
        var driver = FoldDriver()
        driver.apply(
            Make.joined("PA_1"), Make.track(.trackPublished, "TR_1", of: "PA_1"),
            Make.track(.trackPublished, "TR_2", of: "PA_1"))
        #expect(driver.tracks(of: "PA_1") == ["TR_1", "TR_2"])
        driver.apply(Make.track(.trackUnpublished, "TR_1", of: "PA_1"))
        #expect(driver.tracks(of: "PA_1") == ["TR_2"])
        // A node's failure brings a leave without track_unpublished.
        driver.apply(Make.left("PA_1"), Make.joined("PA_1", at: 50))
        #expect(driver.tracks(of: "PA_1") == [])
    }

    @Test func aTrackPublishedAgainReplacesItself() {
        var driver = FoldDriver()
        var again = Make.track(.trackPublished, "TR_1", of: "PA_1")
        again.data.track?.muted = true
        driver.apply(Make.joined("PA_1"), Make.track(.trackPublished, "TR_1", of: "PA_1"), again)
        #expect(driver.room()?.participants.first?.tracks.map(\.muted) == [true])
    }

    @Test func tracksOfSomebodyUnknownWaitForTheirJoin() {
        var driver = FoldDriver()
        driver.apply(
            Make.started(), Make.track(.trackPublished, "TR_1", of: "PA_1"),
            Make.track(.trackPublished, "TR_2", of: "PA_1"), Make.track(.trackUnpublished, "TR_1", of: "PA_1"))
        #expect(driver.present() == [])
        driver.apply(Make.joined("PA_1"))
        #expect(driver.tracks(of: "PA_1") == ["TR_2"])
    }

    @Test func tracksOfSomebodyWhoHasLeftAreForgotten() {
        var driver = FoldDriver()
        driver.apply(
            Make.started(), Make.track(.trackPublished, "TR_1", of: "PA_1"), Make.left("PA_1", at: 5, joinedAt: 1),
            Make.track(.trackPublished, "TR_2", of: "PA_1"), Make.joined("PA_1", at: 60))
        #expect(driver.tracks(of: "PA_1") == [])
    }

    @Test func aTrackInAnUnknownRoomOpensNone() {
        var driver = FoldDriver()
        driver.apply(Make.track(.trackPublished, "TR_1", of: "PA_1"))
        #expect(driver.present() == nil)
    }

    @Test func aLateUnpublishChangesNothing() {
        var driver = FoldDriver()
        driver.apply(
            Make.joined("PA_1"), Make.joined("PA_2"), Make.track(.trackPublished, "TR_1", of: "PA_1"),
            Make.left("PA_1"))
        let before = driver.room()
        driver.apply(
            Make.track(.trackUnpublished, "TR_1", of: "PA_1"), Make.track(.trackUnpublished, "TR_9", of: "PA_2"))
        #expect(driver.room() == before)
    }

    @Test(arguments: [EventType.recordingEnded, .recordingReady, .recordingFailed])
    func aRecordingIsKeptWhileItIsUnderWay(_ end: EventType) {
        var driver = FoldDriver()
        driver.apply(
            Make.started(), Make.recording(.recordingStarted, "EG_1", "starting"),
            Make.recording(.recordingStarted, "EG_2", "starting"), Make.recording(.recordingUpdated, "EG_1", "active"))
        #expect(driver.room()?.recordings.map(\.status) == ["active", "starting"])
        driver.apply(Make.recording(end, "EG_1", "complete"))
        #expect(driver.room()?.recordings.map(\.id) == ["EG_2"])
    }

    @Test func aRecordingOpensNoRoomAndJoinsNoOtherSession() {
        var driver = FoldDriver()
        driver.apply(Make.recording(.recordingStarted, "EG_1", "starting"))
        #expect(driver.present() == nil)
        driver.apply(Make.started("RM_2"), Make.recording(.recordingUpdated, "EG_1", "ending"))
        #expect(driver.room()?.recordings == [])
    }
}
