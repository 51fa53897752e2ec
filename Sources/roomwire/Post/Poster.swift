internal import Fetch
internal import Webhooks
internal import Wire

/// Posts webhooks, and tries again as a provider would.
struct Poster: Sendable {
    /// What the relay said in the end.
    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
        /// How often it was posted.
        let tries: Int

        var isAccepted: Bool { (200..<300).contains(status) }
    }

    private let url: String
    private let client: WebClient

    /// How often one webhook is posted before it counts as refused; LiveKit's figure.
    private static let mostTries = 5
    /// No wait between two tries is longer, whatever the relay asks for.
    private static let longestWaitSeconds = 60
    /// How long an answer may take; LiveKit waits no longer either.
    private static let answerMilliseconds = 20_000
    /// Of an answer that explains a refusal no more is read.
    private static let largestAnswerBytes = 64 * 1024

    init(url: String, trusting certificates: TrustedCertificates) {
        self.url = url
        client = WebClient(trusting: certificates)
    }

    /// Posts until there is a final answer: on 429, on any 5xx and on a broken connection it waits and tries again.
    func post(_ body: [UInt8], headers: [WebhookRequest.Header]) async throws -> Answer {
        let request = WebRequest(
            url: url, headers: headers.map { (name: $0.name.string, value: $0.value.string) }, body: body,
            silenceMilliseconds: Self.answerMilliseconds)
        var number = 0
        while true {
            number += 1
            var waitSeconds = 1 << (number - 1)
            do {
                let response = try await client.answer(to: request, limitBytes: Self.largestAnswerBytes)
                let answer = Answer(status: response.status, body: response.body, tries: number)
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
    /// Whether the next try may succeed: not where no process listens, or nothing is trusted.
    fileprivate var isTransient: Bool {
        switch self {
        case .noSuchHost, .timedOut, .broken: true
        case .noConnection, .untrusted, .tooLarge, .other: false
        }
    }
}
