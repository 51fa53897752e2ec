internal import Fetch
internal import Foundation
internal import Webhooks
internal import Wire

/// Posts webhooks, and repeats failed attempts as a provider would.
struct Poster: Sendable {
    /// The relay's final answer.
    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
        /// True if the relay had the webhook already.
        let isDuplicate: Bool
        /// How many times it was posted.
        let tries: Int

        var isAccepted: Bool { (200..<300).contains(status) }
    }

    private let url: String
    private let client: WebClient

    /// How many times one webhook is posted before it counts as refused, as in LiveKit's sender.
    private static let mostTries = 5
    /// The longest wait between two attempts, whatever the relay asks for.
    private static let longestWaitSeconds = 60
    /// How long an answer may take, as in LiveKit's sender.
    private static let answerMilliseconds = 20_000
    /// The most bytes that are read of an answer that explains a refusal.
    private static let largestAnswerBytes = 64 * 1024

    init(url: String, trusting certificates: TrustedCertificates) {
        self.url = url
        client = WebClient(trusting: certificates)
    }

    /// Posts until there is a final answer: on 429, on any 5xx and on a broken connection it waits and tries again.
    /// - Throws: ``Failure`` if the relay cannot be reached.
    func post(_ body: [UInt8], headers: [WebhookRequest.Header]) async throws -> Answer {
        do {
            return try await postUnlessUnreachable(body, headers: headers)
        } catch let failure as WebFailure {
            throw Failure.refused("cannot reach the relay at \(place): \(failure.sentence)")
        }
    }

    /// Scheme, host and port of the relay, for people.
    private var place: String {
        guard let parts = URLComponents(string: url), let host = parts.host else { return url }
        let scheme = parts.scheme ?? "http"
        return "\(scheme)://\(host):\(parts.port ?? (scheme == "https" ? 443 : 80))"
    }

    private func postUnlessUnreachable(_ body: [UInt8], headers: [WebhookRequest.Header]) async throws -> Answer {
        let request = WebRequest(
            url: url, headers: headers.map { (name: $0.name.string, value: $0.value.string) }, body: body,
            silenceMilliseconds: Self.answerMilliseconds)
        var number = 0
        while true {
            number += 1
            var waitSeconds = 1 << (number - 1)
            do {
                let response = try await client.answer(to: request, limitBytes: Self.largestAnswerBytes)
                let answer = Answer(
                    status: response.status, body: response.body,
                    isDuplicate: response.headers["roomwire-duplicate"] != nil, tries: number)
                let isTransient = answer.status == 429 || answer.status >= 500
                if !isTransient || number == Self.mostTries { return answer }
                let asked = response.headers["retry-after"].flatMap(Int.init)
                waitSeconds = min(asked ?? waitSeconds, Self.longestWaitSeconds)
                Terminal.notice("the relay answered \(answer.status); trying again in \(waitSeconds) s")
            } catch let failure as WebFailure where number < Self.mostTries && failure.isTransient {
                Terminal.notice("\(failure.sentence); trying again in \(waitSeconds) s")
            }
            try await Task.sleep(for: .seconds(waitSeconds))
        }
    }
}

extension WebFailure {
    /// True if the next attempt may succeed: not if no process listens, or the certificate is not trusted.
    fileprivate var isTransient: Bool {
        switch self {
        case .noSuchHost, .timedOut, .broken: true
        case .noConnection, .untrusted, .other: false
        }
    }
}
