internal import Foundation
internal import FoundationNetworking

/// A response that is read while it comes.
///
/// URLSession on Linux goes on reading whether anybody takes the bytes or not, so what waits here is bounded: a
/// reader that falls too far behind has its response cut off, and asks for the rest with its last id.
struct StreamedResponse: Sendable {
    /// A part of the response, in order: the head once, then bytes.
    enum Part: Sendable {
        case head(status: Int, headers: [String: String])
        case bytes([UInt8])
    }

    /// The reader took the bytes too slowly.
    struct FellBehind: Error {}

    /// The parts; ends when the response does, throws when the connection breaks.
    let parts: AsyncThrowingStream<Part, any Error>

    /// How many parts may wait to be taken; one is at most what curl reads at a time, 16 KiB.
    private static let waitingParts = 1024

    /// Sends a request and reads its response. Redirects are not followed: they would take the token elsewhere.
    init(_ request: URLRequest) {
        let (parts, continuation) = AsyncThrowingStream.makeStream(
            of: Part.self, throwing: (any Error).self, bufferingPolicy: .bufferingOldest(Self.waitingParts))
        self.parts = parts
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpShouldSetCookies = false
        let session = URLSession(
            configuration: configuration, delegate: Receiver(continuation: continuation), delegateQueue: nil)
        let task = session.dataTask(with: request)
        continuation.onTermination = { _ in
            task.cancel()
            session.invalidateAndCancel()
        }
        task.resume()
    }
}

/// Hands what URLSession tells over to the stream of parts.
private final class Receiver: NSObject, URLSessionDataDelegate {
    private let continuation: AsyncThrowingStream<StreamedResponse.Part, any Error>.Continuation

    init(continuation: AsyncThrowingStream<StreamedResponse.Part, any Error>.Continuation) {
        self.continuation = continuation
    }

    private func yield(_ part: StreamedResponse.Part) {
        if case .dropped = continuation.yield(part) { continuation.finish(throwing: StreamedResponse.FellBehind()) }
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        if let response = response as? HTTPURLResponse {
            yield(.head(status: response.statusCode, headers: response.lowercasedHeaders))
        }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        yield(.bytes(Array(data)))
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        continuation.finish(throwing: error)
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}

extension HTTPURLResponse {
    /// Header values by their names in lower case.
    var lowercasedHeaders: [String: String] {
        allHeaderFields.reduce(into: [:]) { headers, field in
            guard let name = field.key as? String, let value = field.value as? String else { return }
            headers[name.lowercased()] = value
        }
    }
}
