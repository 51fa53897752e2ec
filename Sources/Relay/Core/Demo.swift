internal import EventLoop
internal import Events
internal import Foundation
internal import FoundationNetworking
internal import Logging
internal import Webhooks

/// Plays meetings through the real ingest path: signed and posted as the provider would.
enum Demo {
    private static let rooms = ["standup", "design-review", "call_42"]

    static func start(context: RelayContext, address: ListenPlan) -> Task<Void, Never>? {
        guard let source = context.rules.sources[WireText(DataFolder.demoName)] else { return nil }
        let host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host == "::" ? "::1" : address.host
        let shown = host.contains(":") ? "[\(host)]" : host
        let path = "\(context.settings.pathPrefix)/webhooks/\(source.name)"
        guard let url = URL(string: "http://\(shown):\(address.port)\(path)") else { return nil }
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

    private static func play(_ provider: any Provider, in room: String, url: URL, log: Logger) async {
        for step in provider.sampleMeeting(room: room, now: System.wallMilliseconds()) {
            try? await Task.sleep(for: .seconds(step.delaySeconds))
            guard !Task.isCancelled else { return }
            var request = URLRequest(url: url)
            request.httpMethod = "POST"
            request.httpBody = Data(step.body)
            let headers = provider.sign(step.body, idempotencyKey: step.idempotencyKey, now: System.wallMilliseconds())
            for header in headers { request.setValue(header.value.string, forHTTPHeaderField: header.name.string) }
            do {
                _ = try await URLSession.shared.data(for: request)
            } catch {
                guard !Task.isCancelled else { return }
                log.warning("the demo's webhook could not be posted: \(error.localizedDescription)")
            }
        }
    }
}
