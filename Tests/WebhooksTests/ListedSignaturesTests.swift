import Crypto
import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// A header that lists many signatures costs no more than one that lists a single one.
struct ListedSignaturesTests {
    private let now: WallTime = 1_790_000_000_000
    private let body = Array(#"{"type":"x"}"#.utf8)
    private let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func standard(_ secrets: [String]) throws -> Standard {
        try Standard(settings: ProviderSettings(source: "app", secrets: secrets))
    }

    private func whereby(_ secrets: [String] = ["whereby-secret-of-24-bytes"]) throws -> Whereby {
        try Whereby(settings: ProviderSettings(source: "w", secrets: secrets))
    }

    /// The provider's own headers, with the signature's value changed.
    private func request(_ provider: any Provider, _ name: String, _ change: (String) -> String) -> WebhookRequest {
        let headers = provider.sign(body, idempotencyKey: "msg_1", now: now).map { header in
            let isMeant = header.name.string == name
            return isMeant ? .init(name: header.name, value: WireText(change(header.value.string))) : header
        }
        return WebhookRequest(headers: headers, body: body)
    }

    private func wrong(_ number: Int) -> String {
        "v1," + Base64.standard.text([UInt8](repeating: UInt8(number & 255), count: 32))
    }

    @Test func eachKeyComputesOneCodeHoweverManyAreListed() {
        let keys = (0..<8).map { SigningKey("secret \($0)".utf8) }
        var listed = ListedCodes()
        for number in 0..<UInt8(Limits.listedCodes) {
            let isTaken = listed.add([UInt8](repeating: number, count: 32))
            #expect(isTaken)
        }
        var computed = 0
        let isFound = listed.contain(codeOf: keys) { key in
            computed += 1
            return key.code(over: body)
        }
        #expect(!isFound)
        #expect(computed == keys.count)
    }

    @Test func codesOfAWrongLengthComputeNothing() {
        var listed = ListedCodes()
        for count in 0..<10_000 {
            let isTaken = listed.add([UInt8](repeating: 0, count: count & 15))
            #expect(isTaken)
        }
        let isFound = listed.contain(codeOf: [SigningKey("secret".utf8)]) { _ in
            Issue.record("a code was computed")
            return []
        }
        #expect(!isFound)
    }

    @Test func theTenthSignatureCountsAndAnEleventhIsRefused() throws {
        let provider = try standard([secret])
        func refusal(_ wrongOnes: Int) -> Rejection? {
            let listed = (0..<wrongOnes).map(wrong)
            return provider.refusal(
                request(provider, "webhook-signature") { (listed + [$0]).joined(separator: " ") }, now: now)
        }
        #expect(refusal(9) == nil)
        #expect(refusal(10)?.reason == .malformedHeader)
        #expect(refusal(10)?.status == 401)
        #expect(refusal(600)?.reason == .malformedHeader)
    }

    @Test func otherVersionsAndLengthsArePassedOverAndDoNotCount() throws {
        let provider = try standard([secret])
        let noise = (0..<300).map { "v1,AAAA v2,\($0) v1a,AAAA v1 v1,\(wrong($0).dropFirst(4))" }.joined(separator: " ")
        #expect(provider.refusal(request(provider, "webhook-signature") { "\(noise) \($0)" }, now: now) == nil)
        #expect(
            provider.refusal(request(provider, "webhook-signature") { _ in noise }, now: now)?.reason == .badSignature)
    }

    @Test func threeSignaturesOfEd25519AreLookedAt() throws {
        let key = Curve25519.Signing.PrivateKey()
        let provider = try standard(["whsk_" + Base64.standard.text(Array(key.rawRepresentation))])
        let wrong = "v1a," + Base64.standard.text([UInt8](repeating: 7, count: 64))
        func refusal(_ wrongOnes: Int) -> Rejection? {
            let listed = [String](repeating: wrong, count: wrongOnes)
            return provider.refusal(
                request(provider, "webhook-signature") { (listed + [$0]).joined(separator: " ") }, now: now)
        }
        #expect(refusal(2) == nil)
        #expect(refusal(3)?.reason == .malformedHeader)
        // A source without a key for them passes them over.
        let shared = try standard([secret])
        let many = [String](repeating: wrong, count: 50).joined(separator: " ")
        #expect(shared.refusal(request(shared, "webhook-signature") { "\(many) \($0)" }, now: now) == nil)
    }

    @Test func wherebysHeaderIsBoundedAlike() throws {
        let provider = try whereby()
        func refusal(_ listed: [String]) -> Rejection? {
            let request = request(provider, "Whereby-Signature") { value in
                let parts = value.split(separator: ",")
                return ([String(parts[0])] + listed.map { "v1=" + $0 } + [String(parts[1])]).joined(separator: ",")
            }
            return provider.refusal(request, now: now)
        }
        let code = String(repeating: "ab", count: 32)
        #expect(refusal([String](repeating: code, count: 9)) == nil)
        #expect(refusal([String](repeating: code, count: 10))?.reason == .malformedHeader)
        #expect(refusal([String](repeating: "00", count: 4_000)) == nil)
    }

    @Test func aSourceHasEightSecretsAtMost() throws {
        let secrets = (0..<9).map { "whsec_" + Base64.standard.text([UInt8](repeating: UInt8($0), count: 24)) }
        _ = try standard(Array(secrets.dropLast()))
        #expect(throws: ProviderSettingsError.self) { try standard(secrets) }
        #expect(throws: ProviderSettingsError.self) { try whereby(secrets) }
    }

    @Test func theHeadersOfSvixAreAliases() throws {
        let provider = try standard([secret])
        func headers(_ prefix: String) -> [WebhookRequest.Header] {
            provider.sign(body, idempotencyKey: "msg_1", now: now).map { header in
                let suffix: WireText = header.name.hasPrefix("webhook-") ? header.name.dropFirst(8) : "other"
                return WebhookRequest.Header(name: "\(prefix)\(suffix)", value: header.value)
            }
        }
        let aliased = WebhookRequest(headers: headers("Svix-"), body: body)
        guard case .event(let draft) = try provider.receive(aliased, now: now) else { throw UnexpectedAnswer() }
        #expect(draft.idempotencyKey == "msg_1")
        // Both sets, as some senders have them; those of the specification count.
        let both = WebhookRequest(headers: headers("webhook-") + headers("svix-"), body: body)
        #expect(provider.refusal(both, now: now) == nil)
        // The sets are not mixed.
        let ownID = headers("webhook-").filter { $0.name == "webhook-id" }
        let mixed = headers("svix-").filter { $0.name != "svix-id" } + ownID
        #expect(provider.refusal(WebhookRequest(headers: mixed, body: body), now: now)?.reason == .missingHeader)
        let without = headers("svix-").filter { $0.name != "svix-signature" }
        let refusal = provider.refusal(WebhookRequest(headers: without, body: body), now: now)
        #expect(refusal == Rejection(.missingHeader, "The header svix-signature is missing."))
    }
}
