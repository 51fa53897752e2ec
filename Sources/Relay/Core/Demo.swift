internal import EventLoop
internal import Events
internal import Logging
internal import Webhooks

/// Plays meetings through the real ingest path: signed and posted as the provider would.
enum Demo {
    private static let rooms = ["standup", "design-review", "call_42"]

    static func start(context: RelayContext, address: ListenPlan) -> Task<Void, Never>? {
        guard let source = context.rules.sources[WireText(DataFolder.demoName)] else { return nil }
        let host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host == "::" ? "::1" : address.host
        let path = "\(context.settings.pathPrefix)/webhooks/\(source.name)"
        let post = DemoPost(host: host, port: address.port, path: path)
        let log = context.log
        return Task.detached {
            var turn = 0
            while !Task.isCancelled {
                await play(source.provider, in: rooms[turn % rooms.count], through: post, log: log)
                turn += 1
                try? await Task.sleep(for: .seconds(2))
            }
        }
    }

    private static func play(_ provider: any Provider, in room: String, through post: DemoPost, log: Logger) async {
        for step in provider.sampleMeeting(room: room, now: System.wallMilliseconds()) {
            try? await Task.sleep(for: .seconds(step.delaySeconds))
            guard !Task.isCancelled else { return }
            let headers = provider.sign(step.body, idempotencyKey: step.idempotencyKey, now: System.wallMilliseconds())
            do throws(SystemError) {
                try post.send(step.body, headers: headers.map { ($0.name.string, $0.value.string) })
            } catch {
                guard !Task.isCancelled else { return }
                log.warning("the demo's webhook could not be posted: \(error)")
            }
        }
    }
}
