internal import Crypto
internal import Events
internal import FrontDoor
internal import Telemetry
internal import Webhooks
internal import Wire

/// `POST /api/webhooks/{source}`: the source's provider verifies the webhook and makes drafts of it.
/// ``PendingWebhooks`` gives them to the journal and answers after the commit.
enum WebhookRoute {
    static let routes = [Route("webhooks/{source}", ["POST"], for: .servers, handle: receive)]

    @Sendable private static func receive(_ request: Request) -> Outcome {
        guard let source = request.rules.sources[request.segment(1)] else {
            // The sender chose the name, so it is not used as a label and not logged.
            let refusal = WebhookRefusal.unknownSource
            return .answer(
                refuse(Problem(404, refusal.label, "No source of this name is set up."), refusal, request, nil))
        }
        let metrics = request.shared.metrics
        guard !request.shared.turnsAway else {
            metrics.count(.unavailable, of: source.name)
            return .answer(Problem.unavailable("draining", "The relay is stopping.").response)
        }
        do {
            switch try source.provider.receive(webhook(request), now: request.now) {
            case .event(let draft): return .append(draft, source: source.name)
            case .events(let drafts): return .appendAll(drafts, source: source.name)
            case .answer(let direct):
                metrics.count(.answered, of: source.name)
                var response = HTTPResponse(status: direct.status, body: direct.body)
                if let type = direct.contentType { response.headers = [("Content-Type", type)] }
                return .answer(response)
            }
        } catch {
            var problem = Problem(error.status, error.reason.rawValue, error.detail)
            problem.skewSeconds = error.skewSeconds
            return .answer(refuse(problem, .rejected(error.reason), request, source))
        }
    }

    /// The webhook for administrators who want to verify it offline.
    private static func offer(_ request: Request, _ source: Source?) -> RejectLog.Offer {
        guard let source else { return .unknownSource }
        guard request.http.body.count <= Limits.captureBodyBytes else { return .tooLarge }
        let capture = Capture(of: webhook(request), by: source.provider, receivedAt: request.now)
        return capture.headBytes <= Limits.captureHeadBytes ? .capture(capture.json) : .tooLarge
    }

    private static func webhook(_ request: Request) -> WebhookRequest {
        WebhookRequest(
            headers: request.http.headers.map { WebhookRequest.Header(name: $0.name, value: $0.value) },
            body: request.http.body, target: request.http.target)
    }

    private static func refuse(
        _ problem: Problem, _ refusal: WebhookRefusal, _ request: Request, _ source: Source?
    ) -> HTTPResponse {
        let shared = request.shared
        let (body, address) = (request.http.body, request.http.remoteAddress)
        let label = source?.name ?? Metrics.unknownSource
        shared.metrics.count(refusal, of: label)
        let hash = Hex.text(SHA256.hash(data: body).prefix(4))
        shared.rejects.add(
            RejectLog.Entry(
                time: request.now, source: label, provider: source?.providerName, reason: problem.reason,
                detail: problem.detail, skewSeconds: problem.skewSeconds, remoteAddress: address,
                bodyBytes: body.count, bodyHash: hash)
        ) { offer(request, source) }
        let skew = problem.skewSeconds.map { ", clock skew \($0) s" } ?? ""
        shared.webhookLog.warning(
            """
            refused a webhook for \(label) from \(address): \(problem.reason): \(problem.detail) \
            (body \(body.count) bytes, sha256 \(hash)…\(skew))
            """, now: request.now)
        return problem.response
    }
}
