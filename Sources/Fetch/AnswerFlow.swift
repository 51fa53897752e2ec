internal import Dispatch
internal import Synchronization

/// Passes the parts of an answer from libcurl's thread to the task that reads them.
///
/// It holds a bounded number of parts. When it is full, libcurl's thread waits, the socket's buffer fills, and the
/// server is slowed down: unread bytes need no more memory.
final class AnswerFlow: Sendable {
    private let continuation: AsyncThrowingStream<WebAnswerPart, any Error>.Continuation
    /// Counts the free places. It starts at 0 and is raised, because libdispatch traps if a semaphore is released with
    /// a lower value than its first one.
    private let places = DispatchSemaphore(value: 0)
    private let isCancelled = Atomic<Bool>(false)

    /// A part is at most 16 KiB, libcurl's read size.
    private static let waitingParts = 64

    init(_ continuation: AsyncThrowingStream<WebAnswerPart, any Error>.Continuation) {
        self.continuation = continuation
        for _ in 0..<Self.waitingParts { places.signal() }
    }

    /// True if the task has stopped reading.
    var isAbandoned: Bool { isCancelled.load(ordering: .acquiring) }

    /// Waits for a free place.
    /// - Returns: false if the task has stopped reading.
    func put(_ part: WebAnswerPart) -> Bool {
        places.wait()
        guard !isAbandoned else { return false }
        continuation.yield(part)
        return true
    }

    /// The task has read a part.
    func releasePlace() { places.signal() }

    /// The task has stopped reading.
    func abandon() {
        isCancelled.store(true, ordering: .releasing)
        places.signal()
    }

    func finish(_ failure: WebFailure?) { continuation.finish(throwing: failure) }
}

/// The parts of an answer as they arrive. Ends with the answer; throws a ``WebFailure`` if the connection breaks.
package struct WebAnswerParts: AsyncSequence {
    private let parts: AsyncThrowingStream<WebAnswerPart, any Error>
    private let flow: AnswerFlow

    /// - Parameter start: starts the transfer that puts parts into the flow.
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

    /// Starts reading.
    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(parts: parts.makeAsyncIterator(), flow: flow)
    }
}
