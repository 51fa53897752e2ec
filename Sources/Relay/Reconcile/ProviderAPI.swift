internal import API
internal import Events
internal import Fetch
internal import FoundationEssentials
internal import Platform
internal import Webhooks
internal import Wire

/// Asks one provider, over a few connections that stay open.
final class ProviderAPI: Sendable {
    /// What a provider answered.
    struct Answer: Sendable {
        let body: [UInt8]
    }

    private let provider: any Reconcilable
    private let settings: ReconcileSettings
    private let base: String
    /// One for each question that may be under way at a time.
    private let clients: [WebClient]
    /// How far the provider's clock is ahead of the relay's, in milliseconds, by the last answer that told its time.
    private let ahead = Locked<Int64?>(nil)

    /// Up to this difference the provider's clock is taken for the relay's: answers tell whole seconds, and are on
    /// their way for a while.
    private static let clockToleranceMilliseconds: Int64 = 5_000
    /// A clock that is further off than this is not followed: tokens would be good for a day that is not today.
    private static let mostAheadMilliseconds: Int64 = 86_400_000
    private static let connectMilliseconds = 5_000
    private static let quotedBytes = 120

    /// An API; nil if the settings have no usable address, which the settings' check has ruled out.
    init?(_ provider: any Reconcilable, _ settings: ReconcileSettings) {
        guard let text = settings.url ?? type(of: provider).usualAddress, let address = try? APIAddress(text) else {
            return nil
        }
        self.provider = provider
        self.settings = settings
        base = address.text
        let certificates = TrustedCertificates(file: nil, environment: ProcessInfo.processInfo.environment)
        clients = (0..<Limits.reconcileConnections).map { _ in WebClient(trusting: certificates) }
    }

    /// How many questions may be under way at a time.
    var lanes: Int { clients.count }

    /// How far the provider's clock is ahead of the relay's, in milliseconds; nil if it is not known.
    var clockAhead: Int64? { ahead.withLock { $0 } }

    /// Asks, over one of the connections.
    func ask(_ question: ReconcileQuestion, lane: Int) async throws(ReconcileFailure) -> Answer {
        let offset = clockAhead.flatMap { abs($0) > Self.clockToleranceMilliseconds ? $0 : nil } ?? 0
        let request = provider.request(question, settings, now: WallClock.now() + offset)
        var webRequest = WebRequest(
            url: base + request.path, headers: request.headers.map { ($0.name.string, $0.value.string) },
            body: request.body, silenceMilliseconds: Limits.reconcileRequestMilliseconds)
        webRequest.headers.append((name: "Accept", value: "application/json"))
        webRequest.deadlineMilliseconds = Limits.reconcileRequestMilliseconds
        webRequest.connectMilliseconds = Self.connectMilliseconds
        webRequest.acceptsCompression = true
        let answer: WebAnswer
        do {
            answer = try await clients[lane % clients.count].boundedAnswer(
                to: webRequest, limitBytes: Limits.reconcileAnswerBytes)
        } catch { throw ReconcileFailure(error) }
        noteClock(answer)
        guard answer.status == 200 else { throw failure(answer, question) }
        return Answer(body: answer.body)
    }

    private func noteClock(_ answer: WebAnswer) {
        guard let time = answer.headers["date"].flatMap(HTTPDate.time) else { return }
        let difference = time - WallClock.now()
        ahead.withLock { $0 = abs(difference) <= Self.mostAheadMilliseconds ? difference : nil }
    }

    private func failure(_ answer: WebAnswer, _ question: ReconcileQuestion) -> ReconcileFailure {
        let outcome: ReconcileOutcome =
            switch answer.status {
            case 300..<400: .redirect
            case 401: .unauthorized
            case 403: .forbidden
            case 404: .notFound
            case 429: .rateLimited
            case 500..<600: .serverError
            default: .status
            }
        var problem = "the answer was \(answer.status)\(Self.quote(answer.body))"
        if let advice = provider.advice(status: answer.status, question) { problem += "; \(advice)" }
        return ReconcileFailure(outcome, problem, retryAfterMilliseconds: Self.retryAfter(answer))
    }

    private static func retryAfter(_ answer: WebAnswer) -> Int64? {
        guard let text = answer.headers["retry-after"] else { return nil }
        if let seconds = Int64(text) { return min(max(0, seconds), Limits.reconcileRetryMilliseconds / 1000) * 1000 }
        return HTTPDate.time(text).map { max(0, $0 - WallClock.now()) }
    }

    /// The provider's own words, which tell what a status alone does not: ` (permissions denied)`.
    private static func quote(_ body: [UInt8]) -> String {
        guard body.count <= 4096, let object = try? JSONReader.value(body).object else { return "" }
        let words = ["msg", "info", "error"].lazy.compactMap { object[$0]?.string }.first
        guard let words, !words.isEmpty else { return "" }
        return " (\(SafeText.text(words.prefix(quotedBytes).string, substitute: "?")))"
    }
}
