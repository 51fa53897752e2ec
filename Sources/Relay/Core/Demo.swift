internal import API
internal import Events
internal import Fetch
internal import Logging
internal import Platform
internal import Settings
internal import Telemetry
internal import Webhooks
internal import Wire

/// Plays sample meetings through the real ingest path: posts webhooks signed as the provider signs them.
enum Demo {
    private static let rooms = ["standup", "design-review", "call_42"]

    static func start(context: RelayContext, address: ListenPlan) -> Task<Void, Never>? {
        guard let source = context.shared.rules.sources[WireText(DataFolder.demoName)] else { return nil }
        let host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host == "::" ? "::1" : address.host
        let shown = host.contains(":") ? "[\(host)]" : host
        let path = "\(context.settings.pathPrefix)/webhooks/\(source.name)"
        let url = "http://\(shown):\(address.port)\(path)"
        let log = context.log
        return Task.detached {
            var turn = 0
            while !Task.isCancelled {
                await play(source.provider, in: rooms[turn % rooms.count], url: url, log: log)
                turn += 1
                try? await Task.sleep(for: .seconds(2))
            }
        }
    }

    private static func play(_ provider: any Provider, in room: String, url: String, log: Logger) async {
        // The demo posts without TLS, so it needs no certificates.
        let client = WebClient(trusting: TrustedCertificates(file: nil, environment: [:]))
        for step in provider.sampleMeeting(room: room, now: WallClock.now()) {
            try? await Task.sleep(for: .seconds(step.delaySeconds))
            guard !Task.isCancelled else { return }
            let headers = provider.sign(step.body, idempotencyKey: step.idempotencyKey, now: WallClock.now())
            let request = WebRequest(
                url: url, headers: headers.map { (name: $0.name.string, value: $0.value.string) }, body: step.body,
                silenceMilliseconds: answerMilliseconds)
            do {
                _ = try await client.answer(to: request, limitBytes: 0)
            } catch {
                guard !Task.isCancelled else { return }
                log.warning("the demo's webhook could not be posted: \(error)")
            }
        }
    }

    private static let answerMilliseconds = 20_000
}
