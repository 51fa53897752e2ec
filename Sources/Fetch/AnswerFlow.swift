internal import Dispatch
internal import Synchronization

/// Hands the parts of an answer from libcurl's thread to a task that reads them.
///
/// A few parts may wait. Then libcurl's thread waits too, its socket fills, and the server sees a slow reader: no
/// memory is needed for what is not read yet.
final class AnswerFlow: Sendable {
    private let continuation: AsyncThrowingStream<WebAnswerPart, any Error>.Continuation
    /// Counts the places that are free. It begins at 0 and is raised, because libdispatch traps where a semaphore
    /// goes away below the value that it began with.
    private let places = DispatchSemaphore(value: 0)
    private let isCancelled = Atomic<Bool>(false)

    /// One part is at most what libcurl reads at a time, 16 KiB.
    private static let waitingParts = 64

    init(_ continuation: AsyncThrowingStream<WebAnswerPart, any Error>.Continuation) {
        self.continuation = continuation
        for _ in 0..<Self.waitingParts { places.signal() }
    }

    /// Whether the reader has gone.
    var isAbandoned: Bool { isCancelled.load(ordering: .acquiring) }

    /// Waits for a free place.
    /// - Returns: false if the reader has gone.
    func put(_ part: WebAnswerPart) -> Bool {
        places.wait()
        guard !isAbandoned else { return false }
        continuation.yield(part)
        return true
    }

    /// The reader has taken a part.
    func releasePlace() { places.signal() }

    /// The reader has gone.
    func abandon() {
        isCancelled.store(true, ordering: .releasing)
        places.signal()
    }

    func finish(_ failure: WebFailure?) { continuation.finish(throwing: failure) }
}

/// The parts of an answer, as they come; ends when the answer does, throws a ``WebFailure`` when the connection breaks.
package struct WebAnswerParts: AsyncSequence {
    private let parts: AsyncThrowingStream<WebAnswerPart, any Error>
    private let flow: AnswerFlow

    /// - Parameter start: begins the transfer that puts parts into the flow.
    init(_ start: (AnswerFlow) -> Void) {
        let (parts, continuation) = AsyncThrowingStream.makeStream(
            of: WebAnswerPart.self, throwing: (any Error).self)
        let flow = AnswerFlow(continuation)
        continuation.onTermination = { _ in flow.abandon() }
        self.parts = parts
        self.flow = flow
        start(flow)
    }

    /// Reads the parts.
    package struct AsyncIterator: AsyncIteratorProtocol {
        var parts: AsyncThrowingStream<WebAnswerPart, any Error>.AsyncIterator
        let flow: AnswerFlow

        /// The next part; nil at the end.
        package mutating func next() async throws -> WebAnswerPart? {
            let part = try await parts.next()
            if part != nil { flow.releasePlace() }
            return part
        }
    }

    /// Begins to read.
    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(parts: parts.makeAsyncIterator(), flow: flow)
    }
}
