internal import Events
internal import FrontDoor
internal import Journal
internal import Platform
internal import Telemetry
internal import Webhooks
internal import Wire

/// The webhooks of one loop that wait for the commit of their events. Each is answered when its message
/// ``LoopMessage/appended(request:_:)`` arrives.
final class PendingWebhooks {
    private struct Pending {
        let exchange: any HTTPExchange
        let source: String
    }

    private let shared: SharedState
    private let writer: JournalWriter
    private let port: any LoopPort
    private var pending: [UInt64: Pending] = [:]
    private var nextID: UInt64 = 1

    init(shared: SharedState, writer: JournalWriter, port: any LoopPort) {
        self.shared = shared
        self.writer = writer
        self.port = port
    }

    /// True if no webhook waits.
    var isEmpty: Bool { pending.isEmpty }

    /// Releases all webhooks, because the loop has ended.
    func removeAll() { pending.removeAll() }

    /// Gives the event of a webhook to the journal's writer. The answer follows its commit.
    func append(_ draft: Draft, of source: String, for exchange: any HTTPExchange) {
        let id = keep(exchange, source)
        noteDelay(draft, source)
        let isTaken = writer.submit(draft) { [port] in port.post(.appended(request: id, $0)) }
        if !isTaken { refuse(id) }
    }

    /// Gives the events of one webhook to the journal's writer, in order. The answer follows the commit of the last
    /// one. If the writer does not take them all, the answer is 503; the sender repeats the webhook, and the journal
    /// drops the duplicates.
    func append(_ drafts: [Draft], of source: String, for exchange: any HTTPExchange) {
        let id = keep(exchange, source)
        let failure = Locked<AppendOutcome?>(nil)
        for draft in drafts.dropLast() {
            let isTaken = writer.submit(draft) { outcome in
                if case .failed = outcome { failure.withLock { $0 = $0 ?? outcome } }
            }
            guard isTaken else { return refuse(id) }
        }
        guard let last = drafts.last else { return refuse(id) }
        noteDelay(last, source)
        // The writer completes drafts in the order in which they were submitted.
        let isTaken = writer.submit(last) { [port] outcome in
            port.post(.appended(request: id, failure.withLock { $0 } ?? outcome))
        }
        if !isTaken { refuse(id) }
    }

    private func keep(_ exchange: any HTTPExchange, _ source: String) -> UInt64 {
        defer { nextID += 1 }
        pending[nextID] = Pending(exchange: exchange, source: source)
        return nextID
    }

    private func noteDelay(_ draft: Draft, _ source: String) {
        shared.metrics.delay(source: source, milliseconds: draft.event.receivedAt - draft.event.timestamp)
    }

    private func refuse(_ id: UInt64) {
        guard let webhook = pending.removeValue(forKey: id) else { return }
        webhook.exchange.reply(
            unavailable(.overloaded, webhook.source), holding: nil)
    }

    /// Answers a webhook after its commit, or after its failure.
    func appended(_ id: UInt64, _ outcome: AppendOutcome) {
        guard let webhook = pending.removeValue(forKey: id) else { return }
        let exchange = webhook.exchange
        guard case .committed(let isDuplicate) = outcome else {
            return exchange.reply(response(for: outcome, webhook.source), holding: nil)
        }
        exchange.isRoutine = true
        exchange.reply(response(for: outcome, webhook.source), holding: nil)
        // If the sender has disconnected before its answer, the request log has a line of its own.
        guard exchange.answeredStatus == 200 else { return }
        shared.acceptedWebhooks.add(
            source: webhook.source, bytes: exchange.request.body.count, isDuplicate: isDuplicate,
            microseconds: exchange.microseconds, now: .now())
    }

    private func response(for outcome: AppendOutcome, _ source: String) -> HTTPResponse {
        switch outcome {
        case .committed(let duplicate):
            shared.metrics.count(duplicate ? .duplicate : .accepted, of: source)
            var response = HTTPResponse(status: 200)
            // Providers ignore it; `roomwire replay` counts by it.
            if duplicate { response.headers.append(("Roomwire-Duplicate", "1")) }
            return response
        case .failed(let error):
            // One failed transaction fails many webhooks with one reason.
            shared.webhookLog.warning(
                "a webhook of \(source) could not be kept: \(error)", now: WallClock.now())
            return unavailable(.journalUnavailable, source)
        }
    }

    /// 503, after which every provider tries again.
    private func unavailable(_ problem: Problem, _ source: String) -> HTTPResponse {
        shared.metrics.count(.unavailable, of: source)
        return problem.response
    }
}
