internal import Crypto
internal import Events
internal import FoundationEssentials
internal import Webhooks
internal import Wire

/// A webhook that the relay sends to itself, from a source that exists only here. It is signed and verified as any
/// other. The journal's writer commits and removes it in one transaction, so that no client receives it.
struct Canary: Sendable {
    private static let type: WireText = "roomwire.canary"
    private let provider: any Provider

    /// A source with a random secret.
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
    /// - Returns: the draft that ingest made of it, or why it was refused.
    func send(number: Int, now: WallTime) -> Result<Draft, CanaryError> {
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
