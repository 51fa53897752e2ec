internal import Crypto
internal import Events
internal import FrontDoor
internal import Journal
internal import Platform
internal import Telemetry
internal import Webhooks

/// `POST /api/webhooks/{source}`: verify, normalise, hand to the log. The answer comes after the commit.
struct WebhookRoute {
    let context: RelayContext
    let writer: JournalWriter

    /// What to do with a webhook.
    enum Outcome {
        /// Answered: nothing is appended.
        case answer(HTTPResponse)
        /// To append; ``answer(_:_:source:)`` answers once it is committed.
        case append(Draft, source: String)
        /// The same with several; the answer is that of the first one that fails, else that of the last.
        case appendAll([Draft], source: String)
    }

    func receive(_ request: HTTPRequest, source name: WireText, now: WallTime) -> Outcome {
        guard request.method == "POST" else {
            return .answer(Problem.method(request.method, allowed: "POST").response)
        }
        guard let source = context.rules.sources[name] else {
            // The name is the sender's own invention, so it is no label and not logged whole.
            let refusal = WebhookRefusal.unknownSource
            let problem = Problem(404, refusal.label, "No source of this name is set up.")
            return .answer(refuse(problem, refusal, request, nil, now))
        }
        guard !context.turnsAway else {
            return .answer(unavailable("draining", "The relay is stopping.", source: source.name))
        }
        let webhook = WebhookRequest(
            headers: request.headers.map { WebhookRequest.Header(name: $0.name, value: $0.value) },
            body: request.body, target: request.target)
        do {
            switch try source.provider.receive(webhook, now: now) {
            case .event(let draft): return .append(draft, source: source.name)
            case .events(let drafts): return .appendAll(drafts, source: source.name)
            case .answer(let direct):
                context.metrics.count(.answered, of: source.name)
                var response = HTTPResponse(status: direct.status, body: direct.body)
                if let type = direct.contentType { response.headers = [("Content-Type", type)] }
                return .answer(response)
            }
        } catch {
            var problem = Problem(error.status, error.reason.rawValue, error.detail)
            problem.skewSeconds = error.skewSeconds
            return .answer(refuse(problem, .rejected(error.reason), request, source, now))
        }
    }

    /// Answers a webhook whose append has come to an end.
    func answer(_ exchange: Exchange, _ outcome: AppendOutcome, source: String) {
        guard case .committed(let isDuplicate) = outcome else {
            return exchange.reply(response(for: outcome, source: source))
        }
        exchange.isRoutine = true
        exchange.reply(response(for: outcome, source: source))
        // A sender that has gone before its answer has a line of its own.
        guard exchange.answer?.status == 200 else { return }
        context.acceptedWebhooks.add(
            source: source, bytes: exchange.request.body.count, isDuplicate: isDuplicate,
            microseconds: exchange.stopwatch.microseconds, now: .now())
    }

    /// The answer to a webhook whose append has come to an end.
    private func response(for outcome: AppendOutcome, source: String) -> HTTPResponse {
        switch outcome {
        case .committed(let duplicate):
            context.metrics.count(duplicate ? .duplicate : .accepted, of: source)
            return HTTPResponse(status: 200)
        case .failed(let error):
            // Each failed batch fails many webhooks with one reason.
            context.webhookLog.warning(
                "a webhook of \(source) could not be kept: \(error)", now: WallClock.now())
            return unavailable("journal_unavailable", "The log cannot take events now.", source: source)
        }
    }

    /// 503, which every provider tries again.
    func unavailable(_ reason: String, _ detail: String, source: String) -> HTTPResponse {
        context.metrics.count(.unavailable, of: source)
        return Problem.unavailable(reason, detail).response
    }

    private func refuse(
        _ problem: Problem, _ refusal: WebhookRefusal, _ request: HTTPRequest, _ source: Source?, _ now: WallTime
    ) -> HTTPResponse {
        let label = source?.name ?? Metrics.unknownSource
        context.metrics.count(refusal, of: label)
        let hash = Hex.text(SHA256.hash(data: request.body).prefix(4))
        context.rejects.add(
            RejectLog.Entry(
                time: now, source: label, provider: source?.providerName, reason: problem.reason,
                detail: problem.detail, skewSeconds: problem.skewSeconds, remoteAddress: request.remoteAddress,
                bodyBytes: request.body.count, bodyHash: hash))
        let skew = problem.skewSeconds.map { ", clock skew \($0) s" } ?? ""
        context.webhookLog.warning(
            """
            refused a webhook for \(label) from \(request.remoteAddress): \(problem.reason): \(problem.detail) \
            (body \(request.body.count) bytes, sha256 \(hash)…\(skew))
            """, now: now)
        return problem.response
    }
}
