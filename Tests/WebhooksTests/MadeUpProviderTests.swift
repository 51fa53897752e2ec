import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// A provider that nobody has: it signs the target as well, and wants a challenge answered. That it takes one type
/// and nothing else is what the abstraction promises.
private struct MadeUp: Provider {
    static let name = "madeup"

    let signatureHeaders = ["X-Made-Up"]

    private let source: WireText
    private let key: SigningKey

    init(settings: ProviderSettings) throws(ProviderSettingsError) {
        source = settings.source
        key = SigningKey(try settings.requiredSecrets()[0].utf8)
    }

    func receive(_ request: WebhookRequest, now: WallTime) throws(Rejection) -> Receipt {
        guard let code = Hex.bytes(Array(try request.requiredHeader("X-Made-Up").utf8)) else {
            throw Rejection(.malformedHeader, "The header X-Made-Up is not hexadecimal.")
        }
        guard key.signed(code, over: Array(request.target.utf8), request.body) else {
            throw Rejection(.badSignature, "The signature does not fit the secret.")
        }
        let body = Fields(try request.parsedBody().object)
        if let challenge = body.text("challenge") {
            let proof = Hex.text(key.code(over: Array(challenge.utf8)))
            return .answer(DirectAnswer(contentType: "text/plain", body: Array(proof.utf8)))
        }
        var event = Event(type: .roomStarted, source: source, provider: WireText(Self.name), room: nil, receivedAt: now)
        event.room = body.text("room")
        return .event(Draft(event: event, idempotencyKey: body.text("id") ?? ""))
    }

    func sign(_ body: [UInt8], idempotencyKey: WireText, now: WallTime) -> [WebhookRequest.Header] {
        [.init(name: "X-Made-Up", value: WireText(Hex.text(key.code(over: Array("/hook".utf8), body))))]
    }

    func sampleMeeting(room: String, now: WallTime) -> [SampleStep] {
        [SampleStep(delaySeconds: 0, body: Array(#"{"id":"1","room":"\#(room)"}"#.utf8), idempotencyKey: "1")]
    }
}

struct MadeUpProviderTests {
    private func request(_ body: String, target: WireText = "/hook") throws -> (any Provider, WebhookRequest) {
        let type: any Provider.Type = MadeUp.self
        let provider = try type.init(settings: ProviderSettings(source: "mine", secrets: ["secret"]))
        let bytes = Array(body.utf8)
        let headers = provider.sign(bytes, idempotencyKey: "", now: 0)
        return (provider, WebhookRequest(headers: headers, body: bytes, target: target))
    }

    @Test func challengeIsAnsweredDirectly() throws {
        let (provider, request) = try request(#"{"challenge":"abc"}"#)
        guard case .answer(let answer) = try provider.receive(request, now: 0) else {
            Issue.record("the challenge became an event")
            return
        }
        #expect(answer.status == 200)
        #expect(answer.contentType == "text/plain")
        #expect(
            String(decoding: answer.body, as: UTF8.self)
                == "9946dad4e00e913fc8be8e5d3f7e110a4a9e832f83fb09c345285d78638d8a0e")
    }

    @Test func eventIsRead() throws {
        let (provider, request) = try request(#"{"id":"1","room":"a"}"#)
        let draft = try provider.event(request, now: 5)
        #expect(draft.event.room == "a")
        #expect(draft.event.provider == "madeup")
        #expect(draft.idempotencyKey == "1")
    }

    @Test func targetIsPartOfWhatIsSigned() throws {
        let (provider, request) = try request("{}", target: "/elsewhere")
        #expect(provider.refusal(request, now: 0)?.reason == .badSignature)
    }
}
