import Events
import Testing
import Wire

@testable import Webhooks

/// The requests that LiveKit's own receivers were asked about.
struct LiveKitVectorTests {
    static func provider() throws -> LiveKit { try made.get() }

    private static let made = Result {
        let keys = try #require(try Vectors.object("livekit.json")["keys"]?.object)
        let pairs = keys.members.map { ($0.name.string, $0.value.string?.string ?? "") }
        return try LiveKit(settings: ProviderSettings(source: "livekit", keys: Dictionary(uniqueKeysWithValues: pairs)))
    }

    @Test(arguments: try Vectors.all("livekit.json"))
    func verdictIsAsExpected(_ vector: Vector) throws {
        let refusal = try Self.provider().refusal(vector.capture.request, now: vector.now)
        guard let expected = vector.expected else { return }
        #expect((refusal == nil) == expected, "\(String(describing: refusal))")
    }

    @Test(arguments: [
        ("body-one-bit", Rejection.Reason.bodyMismatch), ("body-empty", .bodyMismatch),
        ("token-unknown-key", .unknownKey), ("token-wrong-secret", .badSignature),
        ("token-other-key-right-secret", .badSignature), ("token-sig-removed", .malformedHeader),
        ("token-sig-padded", .malformedHeader), ("alg-none", .malformedHeader), ("alg-hs384", .badSignature),
        ("header-crit", .malformedHeader), ("token-iss-list", .malformedHeader), ("exp-null", .malformedHeader),
        ("clock-exp-leeway-edge", .expired), ("exp-negative", .expired), ("clock-nbf-leeway-out", .notYetValid),
        ("token-sha-missing", .malformedHeader), ("token-sha-unpadded", .bodyMismatch),
        ("token-sha-noncanonical", .bodyMismatch), ("content-wrong-type", .malformedBody),
        ("content-trailing-garbage", .malformedBody), ("content-invalid-utf8", .malformedBody),
    ])
    func refusalNamesItsReason(_ name: String, _ reason: Rejection.Reason) throws {
        let vector = try #require(try Vectors.all("livekit.json").first { $0.name == name })
        let refusal = try #require(try Self.provider().refusal(vector.capture.request, now: vector.now))
        #expect(refusal.reason == reason)
        #expect(refusal.status == (reason == .malformedBody ? 400 : 401))
    }

    @Test func expiredTokenTellsHowLateItIs() throws {
        let vector = try #require(try Vectors.all("livekit.json").first { $0.name == "clock-exp-leeway-out" })
        #expect(try Self.provider().refusal(vector.capture.request, now: vector.now)?.skewSeconds == -361)
    }

    @Test func missingAndRepeatedHeaderAreToldApart() throws {
        let vector = try #require(try Vectors.all("livekit.json").first)
        var request = vector.capture.request
        let header = try #require(request.headers.first { $0.name == "Authorization" })
        request.headers.append(header)
        #expect(try Self.provider().refusal(request, now: vector.now)?.reason == .malformedHeader)
        request.headers = []
        #expect(try Self.provider().refusal(request, now: vector.now)?.reason == .missingHeader)
    }

    @Test func realMeetingIsReadWhole() throws {
        let provider = try LiveKit(
            settings: ProviderSettings(
                source: "lk", keys: ["devkey": "devsecret_devsecret_devsecret_devsecret"]))
        let captures = try Capture.read(Vectors.bytes("livekit-real-meeting.jsonl"))
        #expect(captures.count == 20)
        var inside: Set<WireText> = []
        var tracks: Set<WireText> = []
        for capture in captures {
            let draft = try provider.event(capture.request, now: try #require(capture.verifyAt))
            let event = draft.event
            #expect(capture.name?.hasSuffix(event.type.rawValue) == true)
            #expect(event.room == "call_8ca4e40f-215a-4df8-9f5a-f0824e847f80")
            #expect(event.data.room?.id == "RM_JhMk23CTZZwn")
            #expect(draft.idempotencyKey.hasPrefix("EV_"))
            #expect(abs(event.receivedAt - event.timestamp) < 2000)
            switch event.type {
            case .participantJoined: inside.insert(try #require(event.data.participant?.id))
            case .participantLeft: inside.remove(try #require(event.data.participant?.id))
            case .trackPublished: tracks.insert(try #require(event.data.track?.id))
            case .trackUnpublished: #expect(tracks.remove(try #require(event.data.track?.id)) != nil)
            default: break
            }
        }
        #expect(inside.isEmpty)
        #expect(tracks.isEmpty)
    }

    @Test func scenarioKeepsIDsAndParticipants() throws {
        let provider = try Self.provider()
        let steps = try #require(try Vectors.object("livekit.json")["scenario"]?.array)
        #expect(steps.count == 11)
        for step in steps.compactMap(\.object) {
            let headers = (step["headers"]?.object?.members ?? []).map {
                WebhookRequest.Header(name: $0.name, value: $0.value.string ?? "")
            }
            let request = WebhookRequest(headers: headers, body: Array((step["body"]?.string ?? "").utf8))
            let draft = try provider.event(request, now: WallTime(milliseconds: (step["at"]?.integer ?? 0) * 1000))
            let told = step["sdk"]?.object
            #expect(draft.idempotencyKey == step["id"]?.string)
            #expect(draft.event.type.rawValue == step["event"]?.string)
            #expect(draft.event.room == told?["room"]?.string)
            #expect(draft.event.data.participant?.id ?? "" == told?["participantSid"]?.string)
        }
    }
}
