import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// Whatever is done to a signed request, it is refused; whatever comes, nothing crashes.
struct TamperTests {
    private static let now: WallTime = 1_790_000_000_000

    static let signers: [any Provider] = {
        let settings: [(any Provider.Type, ProviderSettings)] = [
            (LiveKit.self, ProviderSettings(source: "s", keys: ["key": "secret"])),
            (Daily.self, ProviderSettings(source: "s", secrets: ["c2VjcmV0"])),
            (Whereby.self, ProviderSettings(source: "s", secrets: ["secret"])),
            (Standard.self, ProviderSettings(source: "s", secrets: ["whsec_c2VjcmV0"])),
        ]
        return settings.compactMap { try? $0.0.init(settings: $0.1) }
    }()

    private func sample(_ provider: any Provider) throws -> WebhookRequest {
        let step = try #require(provider.sampleMeeting(room: "a", now: Self.now).first)
        let headers = provider.sign(step.body, idempotencyKey: step.idempotencyKey, now: Self.now)
        return WebhookRequest(headers: headers, body: step.body)
    }

    @Test(arguments: 0..<4)
    func anyByteOfTheBodyChangedIsRefused(_ signer: Int) throws {
        let provider = Self.signers[signer]
        let request = try sample(provider)
        #expect(provider.refusal(request, now: Self.now) == nil)
        var random = SeededGenerator(seed: UInt64(signer))
        for index in request.body.indices {
            var changed = request
            changed.body[index] ^= UInt8.random(in: 1...255, using: &random)
            #expect(provider.refusal(changed, now: Self.now)?.status == 401, "byte \(index)")
        }
        var longer = request
        longer.body.append(UInt8.random(in: 0...255, using: &random))
        #expect(provider.refusal(longer, now: Self.now)?.status == 401)
        var shorter = request
        shorter.body.removeLast()
        #expect(provider.refusal(shorter, now: Self.now)?.status == 401)
    }

    @Test(arguments: 0..<4)
    func anyByteOfASigningHeaderChangedIsRefused(_ signer: Int) throws {
        let provider = Self.signers[signer]
        let request = try sample(provider)
        var random = SeededGenerator(seed: 40 + UInt64(signer))
        let unsigned = ["content-type", "user-agent"]
        for (position, header) in request.headers.enumerated()
        where !unsigned.contains(header.name.asciiLowercased().string) {
            let original = Array(header.value.utf8)
            for index in original.indices {
                var value = original
                while value == original { value[index] = UInt8.random(in: 33...126, using: &random) }
                var changed = request
                changed.headers[position] = .init(name: header.name, value: WireText(decoding: value))
                #expect(provider.refusal(changed, now: Self.now)?.status == 401, "\(header.name), byte \(index)")
            }
            var without = request
            without.headers.remove(at: position)
            #expect(provider.refusal(without, now: Self.now)?.reason == .missingHeader)
            var twice = request
            twice.headers.append(header)
            #expect(provider.refusal(twice, now: Self.now)?.reason == .malformedHeader)
        }
    }

    @Test(arguments: 0..<4)
    func randomRequestIsRefused(_ signer: Int) throws {
        let provider = Self.signers[signer]
        let request = try sample(provider)
        var random = SeededGenerator(seed: 80 + UInt64(signer))
        for _ in 0..<300 {
            var garbled = request
            garbled.headers = request.headers.map { header in
                let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                return .init(name: header.name, value: WireText(decoding: bytes))
            }
            #expect(provider.refusal(garbled, now: Self.now)?.status == 401)
        }
    }

    /// Signed right, but with a body that was cut, repeated or overwritten at random.
    @Test(arguments: 0..<4)
    func signedGarbageIsReadOrRefusedAndNeverCrashes(_ signer: Int) throws {
        let provider = Self.signers[signer]
        var random = SeededGenerator(seed: 120 + UInt64(signer))
        let bodies = provider.sampleMeeting(room: "a", now: Self.now).map(\.body)
        let words = ["null", "[]", "{}", "-1", "1e400", "9223372036854775807", "\"\\ud83e\"", "\"2026\"", "true"]
        for _ in 0..<1000 {
            var body = try #require(bodies.randomElement(using: &random))
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let start = Int.random(in: 0...body.count, using: &random)
                let end = min(body.count, start + Int.random(in: 0...12, using: &random))
                let word = try #require(words.randomElement(using: &random))
                body.replaceSubrange(start..<end, with: Bool.random(using: &random) ? Array(word.utf8) : [0x22])
            }
            let headers = provider.sign(body, idempotencyKey: "1", now: Self.now)
            let refusal = provider.refusal(WebhookRequest(headers: headers, body: body), now: Self.now)
            #expect(refusal == nil || refusal?.reason == .malformedBody)
        }
    }

    /// Members of a right body replaced by values of any kind, which reaches deeper than broken JSON does.
    @Test(arguments: 0..<4)
    func signedBodyOfAnyShapeNeverCrashes(_ signer: Int) throws {
        let provider = Self.signers[signer]
        var random = SeededGenerator(seed: 160 + UInt64(signer))
        let bodies = try provider.sampleMeeting(room: "a", now: Self.now).map { try JSONReader.value($0.body) }
        var accepted = 0
        for _ in 0..<1000 {
            let body = try #require(bodies.randomElement(using: &random))
            let bytes = JSONWriter.bytes { $0.value(Self.mutate(body, using: &random)) }
            let headers = provider.sign(bytes, idempotencyKey: "1", now: Self.now)
            let request = WebhookRequest(headers: headers, body: bytes)
            if case .event(let draft)? = try? provider.receive(request, now: Self.now) {
                accepted += 1
                #expect((try? JSONReader.value(draft.json)) != nil)
            }
        }
        #expect(accepted > 0)
    }

    private static func mutate(_ value: JSONValue, using random: inout SeededGenerator) -> JSONValue {
        let strange: [JSONValue] = [
            .null, .bool(true), .integer(.max), .integer(.min), .decimal("1e400"), .decimal("-0.5"), .string(""),
            .string("0000-01-01T00:00:00+23:59"), .string("-9223372036854775808"), .array([.null]), .object([:]),
        ]
        if Int.random(in: 0..<20, using: &random) == 0 { return strange.randomElement(using: &random) ?? .null }
        switch value {
        case .object(let object):
            var changed = object
            for member in object.members { changed[member.name] = mutate(member.value, using: &random) }
            return .object(changed)
        case .array(let elements): return .array(elements.map { mutate($0, using: &random) })
        default: return value
        }
    }
}
