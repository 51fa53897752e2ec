internal import Foundation
internal import FoundationNetworking
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

    private let url: URL
    private let session: URLSession

    /// How often one webhook is posted before it counts as refused; LiveKit's figure.
    private static let mostTries = 5
    /// No wait between two tries is longer, whatever the relay asks for.
    private static let longestWaitSeconds = 60
    /// How long an answer may take; LiveKit waits no longer either.
    private static let answerSeconds: Double = 20

    init(url: URL) {
        self.url = url
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Self.answerSeconds
        configuration.httpShouldSetCookies = false
        session = URLSession(configuration: configuration, delegate: StayHere(), delegateQueue: nil)
    }

    /// Posts until there is a final answer: on 429, on any 5xx and on a broken connection it waits and tries again.
    func post(_ body: [UInt8], headers: [WebhookRequest.Header]) async throws -> Answer {
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.httpBody = Data(body)
        for header in headers { request.setValue(header.value.string, forHTTPHeaderField: header.name.string) }
        var number = 0
        while true {
            number += 1
            var waitSeconds = 1 << (number - 1)
            do {
                let (data, response) = try await session.data(for: request)
                guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
                let answer = Answer(status: response.statusCode, body: Array(data), tries: number)
                let isTransient = answer.status == 429 || answer.status >= 500
                if !isTransient || number == Self.mostTries { return answer }
                let asked = response.lowercasedHeaders["retry-after"].flatMap(Int.init)
                waitSeconds = min(asked ?? waitSeconds, Self.longestWaitSeconds)
                Terminal.notice("the relay answered \(answer.status); trying again in \(waitSeconds) s")
            } catch let error as URLError where number < Self.mostTries && error.code != .cannotConnectToHost {
                Terminal.notice("\(Follower.sentence(error)); trying again in \(waitSeconds) s")
            }
            try await Task.sleep(for: .seconds(waitSeconds))
        }
    }
}

/// Keeps a webhook from following a redirect: no provider does, and its signature is for this address.
private final class StayHere: NSObject, URLSessionDataDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
