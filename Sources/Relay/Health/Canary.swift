internal import Crypto
internal import Events
internal import FoundationEssentials
internal import Webhooks
internal import Wire

/// A webhook that the relay sends itself, from a source that exists only here: really signed, really verified. Where
/// it goes on it leaves nothing behind, so nobody ever receives it.
struct Canary: Sendable {
    private static let type: WireText = "roomwire.canary"
    private let provider: any Provider

    /// A source with a secret that nobody else knows.
    init() throws(CanaryError) {
        let secret = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64EncodedString()
        guard let standard = Providers.named("standard") else { throw CanaryError("there is no provider standard") }
        do {
            provider = try standard.init(
                settings: ProviderSettings(source: Self.type, secrets: ["whsec_\(secret)"]))
        } catch {
            throw CanaryError("the canary's source: \(error.problem)")
        }
    }

    /// Signs and verifies one.
    /// - Returns: what ingest made of it; an error's text if it was refused.
    func fly(number: Int, now: WallTime) -> Result<Draft, CanaryError> {
        let body = JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("type", Self.type)
                writer.member("data") { $0.member("number", Int64(number)) }
            }
        }
        let headers = provider.sign(body, idempotencyKey: "canary-\(number)", now: now)
        do {
            guard case .event(let draft) = try provider.receive(WebhookRequest(headers: headers, body: body), now: now),
                draft.event.type.rawValue == Self.type
            else { return .failure(CanaryError("a canary became something else than its event")) }
            return .success(draft)
        } catch {
            return .failure(CanaryError("a canary was refused: \(error.reason.rawValue): \(error.detail)"))
        }
    }
}

/// Why a canary could not be made or was refused: one sentence.
struct CanaryError: Error, Sendable, CustomStringConvertible {
    /// The sentence.
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
