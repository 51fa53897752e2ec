import Events
import TestSupport
import Testing
import Wire

@testable import roomwire

@Suite struct EventLineTests {
    func line(_ type: WireText, room: WireText? = "call_42", colours: Bool = false, _ fill: (inout Event) -> Void)
        -> String
    {
        var event = Event(
            type: EventType(rawValue: type), source: "livekit", provider: "livekit", room: room, receivedAt: 0)
        fill(&event)
        return EventLine(usesColours: colours) { _ in "20:03:06" }.text(event)
    }

    @Test func aJoinTellsWho() {
        let text = line("participant_joined") { event in
            event.data.participant = Participant(id: "PA_x", identity: "ada")
            event.data.participant?.name = "Ada L."
        }
        #expect(text == "20:03:06  call_42               participant_joined      Ada L. (ada)")
    }

    @Test func aLeaveTellsWhyAndAfterHowLong() {
        let text = line("participant_left") { event in
            event.data.participant = Participant(id: "PA_x", identity: "bot", kind: "agent")
            event.data.participant?.leaveReason = "client_initiated"
            event.data.participant?.durationSeconds = 83
            event.isSynthetic = true
        }
        #expect(text.hasSuffix("participant_left        bot [agent] (client_initiated) after 1m23s [synthetic]"))
    }

    @Test func aTrackTellsWhat() {
        let text = line("track_published") { event in
            event.data.participant = Participant(id: "PA_x")
            event.data.track = Track(id: "TR_x", kind: "video", muted: true)
        }
        #expect(text.hasSuffix("track_published         PA_x video muted"))
    }

    @Test func anEventOfOnesOwnTellsItsData() {
        let text = line("call.ringing", room: nil) { $0.data.other = ["to": .string("bob")] }
        #expect(text == "20:03:06  -                     call.ringing            {\"to\":\"bob\"}")
    }

    @Test func nobodysNameSteersTheTerminal() {
        let text = line("participant_joined", room: "a\u{1B}[2Jb\n", colours: false) { event in
            event.data.participant = Participant(id: "PA_x", identity: "\u{202E}ada\r\u{7}👩‍👩‍👧")
        }
        #expect(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && $0 != "\u{202E}" })
        #expect(text.hasSuffix("👩‍👩‍👧"))
    }

    @Test func coloursAreLeftOutUnlessAskedFor() {
        #expect(!line("room_started") { _ in }.contains("\u{1B}"))
        #expect(line("room_started", colours: true) { _ in }.contains("\u{1B}[32mroom_started"))
    }

    @Test func aLineHasNoBlanksAtItsEnd() {
        #expect(line("room_started") { _ in }.last == "d")
    }
}
