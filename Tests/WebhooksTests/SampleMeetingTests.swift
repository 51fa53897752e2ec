import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// The meetings that `roomwire send`, the demo and the canary play.
struct SampleMeetingTests {
    private static let startedAt: WallTime = 1_790_000_000_000

    /// Signs and verifies every step, at the time at which it is due.
    private func play(_ provider: any Provider, room: String = "demo room") throws -> [Draft] {
        var now = Self.startedAt
        return try provider.sampleMeeting(room: room, now: now).map { step in
            now += Int64(step.delaySeconds * 1000)
            let headers = provider.sign(step.body, idempotencyKey: step.idempotencyKey, now: now)
            let draft = try provider.event(WebhookRequest(headers: headers, body: step.body), now: now)
            #expect(abs(draft.event.timestamp - now) < 2000)
            return draft
        }
    }

    @Test(arguments: 0..<4)
    func everyStepIsAcceptedUnderAnIDOfItsOwn(_ index: Int) throws {
        let provider = TamperTests.signers[index]
        let drafts = try play(provider) + play(provider)
        #expect(drafts.count > 6)
        #expect(Set(drafts.map(\.idempotencyKey)).count == drafts.count)
        #expect(!drafts.contains { $0.event.type == .unknown })
        #expect(!drafts.contains { $0.event.room != "demo room" && $0.event.type != .recordingStarted })
    }

    /// LiveKit, Daily and Whereby.
    @Test(arguments: 0..<3)
    func everybodyWhoJoinsLeavesAgain(_ index: Int) throws {
        var inside: Set<WireText> = []
        var tracks: Set<WireText> = []
        var most = 0
        for draft in try play(TamperTests.signers[index]) {
            let data = draft.event.data
            switch draft.event.type {
            case .participantJoined:
                #expect(inside.insert(try #require(data.participant?.id)).inserted)
                #expect(data.participant?.name?.isEmpty == false)
                #expect(data.participant?.identity?.isEmpty == false)
            case .participantLeft: #expect(inside.remove(try #require(data.participant?.id)) != nil)
            case .trackPublished: tracks.insert(try #require(data.track?.id))
            case .trackUnpublished: #expect(tracks.remove(try #require(data.track?.id)) != nil)
            default: break
            }
            most = max(most, inside.count)
        }
        #expect(most == 3)
        #expect(inside.isEmpty)
        #expect(tracks.isEmpty)
    }

    @Test func liveKitsMeetingHasTracksAScreenAndARecording() throws {
        let events = try play(TamperTests.signers[0]).map(\.event)
        #expect(events.first?.type == .roomStarted)
        #expect(events.last?.type == .roomFinished)
        #expect(events.contains { $0.data.track?.source == "screen_share" })
        #expect(
            events.filter { $0.data.recording != nil }.map(\.type.rawValue) == [
                "recording_started", "recording_updated", "recording_ended",
            ])
    }

    @Test func standardsMeetingIsTheLifeOfCalls() throws {
        let events = try play(TamperTests.signers[3]).map(\.event)
        #expect(
            events.map(\.type.rawValue) == [
                "call.ringing", "call.accepted", "call.ended", "call.ringing", "call.missed",
            ])
        #expect(events.map { $0.users?.count } == [1, 2, 2, 1, 2])
    }

    @Test func supabasesMeetingIsTheLifeOfARow() throws {
        let provider = try Supabase(
            settings: ProviderSettings(
                source: "db", secrets: ["s"], options: ["room_column": "room", "users_columns": "author"]))
        let events = try play(provider).map(\.event)
        #expect(events.map(\.type.rawValue) == ["messages.insert", "messages.update", "messages.delete"])
        #expect(events.allSatisfy { $0.room == "demo room" && $0.users?.count == 1 })
    }

    @Test func liveKitSignsAsItsServerDoes() throws {
        let headers = TamperTests.signers[0].sign(Array("{}".utf8), idempotencyKey: "", now: Self.startedAt)
        let value = try #require(headers.first { $0.name == "Authorization" }?.value)
        let token = try #require(CompactToken(value.utf8))
        #expect(
            JSONWriter.text { $0.value(.object(token.claims)) } == """
                {"iss":"key","exp":1790000300,"nbf":1790000000,"iat":1790000000,\
                "sha256":"RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="}
                """)
        #expect(headers.contains(.init(name: "Content-Type", value: "application/webhook+json")))
        #expect(headers.contains(.init(name: "User-Agent", value: "LiveKit")))
    }
}
