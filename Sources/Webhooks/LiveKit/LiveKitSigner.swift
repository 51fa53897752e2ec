public import Wire

/// Signs bodies as a LiveKit server does. It is what other packages see of this target: the load tester sends with it.
public struct LiveKitSigner: Sendable {
    private let livekit: LiveKit

    /// A sender that holds this API key and its secret.
    /// - Throws: if the secret cannot be a key, for example because it is empty.
    public init(source: WireText, key: String, secret: String) throws {
        livekit = try LiveKit(settings: ProviderSettings(source: source, keys: [key: secret]))
    }

    /// The headers that LiveKit sends with `body`, in order. The token among them is valid for minutes from `now`.
    /// - Parameter id: the id of the event, as in the body.
    public func headers(for body: [UInt8], id: WireText, now: WallTime) -> [(name: WireText, value: WireText)] {
        livekit.sign(body, idempotencyKey: id, now: now).map { ($0.name, $0.value) }
    }
}
