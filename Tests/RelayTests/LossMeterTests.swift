import API
import Events
import Platform
import TestSupport
import Testing
import Wire

@testable import Relay

/// Which webhooks count as lost.
@Suite struct LossMeterTests {
    private func event(
        _ type: EventType, of id: WireText = "PA_ada", reconciled: Bool = false, late: Bool = false
    ) -> Event {
        var event = Event(
            type: type, source: "livekit", provider: "livekit", room: "standup", receivedAt: WallClock.now())
        event.isSynthetic = reconciled
        event.isReconciled = reconciled
        event.isLate = late
        event.data.participant = Participant(id: id)
        return event
    }

    @Test func aLateWebhookIsTheTwinOfOneEvent() {
        var meter = LossMeter()
        #expect(meter.finding(in: event(.participantJoined, reconciled: true)) == .added(.participantJoined))
        #expect(meter.finding(in: event(.participantLeft, late: true)) == nil)
        #expect(meter.finding(in: event(.participantJoined, of: "PA_bob", late: true)) == nil)
        #expect(meter.finding(in: event(.participantJoined)) == nil)
        #expect(meter.finding(in: event(.participantJoined, late: true)) == .twin(.participantJoined))
        #expect(meter.finding(in: event(.participantJoined, late: true)) == nil)
    }

    @Test func theOldestAreForgotten() {
        var meter = LossMeter()
        let limit = Limits.rememberedReconciled
        for number in 0...limit {
            _ = meter.finding(in: event(.participantLeft, of: "PA_\(number)", reconciled: true))
        }
        #expect(meter.finding(in: event(.participantLeft, of: "PA_0", late: true)) == nil)
        #expect(meter.finding(in: event(.participantLeft, of: "PA_1", late: true)) == .twin(.participantLeft))
        #expect(meter.finding(in: event(.participantLeft, of: "PA_\(limit)", late: true)) == .twin(.participantLeft))
    }

    @Test func otherTypesAreNotCounted() {
        var meter = LossMeter()
        #expect(meter.finding(in: event(.recordingStarted, late: true)) == nil)
    }
}
