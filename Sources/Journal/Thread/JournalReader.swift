package import Events
package import Platform
internal import Wire

/// Reads pages of the journal off the loops' threads. Its queue is short: a caller that is refused keeps its cursor and
/// asks again, which costs nothing.
///
/// Call ``stop()`` before releasing it: its threads retain it.
package final class JournalReader: Sendable {
    private struct State: Sendable {
        var queue: [@Sendable (any JournalHome) -> Void] = []
        var running = JournalReader.threads
        var isStopping = false
    }

    /// Two, so that one slow page does not hold up all others.
    static let threads = 2

    private let home: any JournalHome
    private let onFault: @Sendable (JournalError) -> Void
    private let state = Monitor(State())

    /// Starts the threads.
    /// - Parameter onFault: called on a reader's thread for every read that failed, before its completion.
    package init(
        home: any JournalHome, onFault: @escaping @Sendable (JournalError) -> Void = { _ in }
    ) throws(SystemError) {
        self.home = home
        self.onFault = onFault
        for number in 1...Self.threads {
            try NamedThread.start(name: "journal-\(number)") { self.run() }
        }
    }

    /// Reads a page and calls `completion` with it on a reader's thread. False, and no call, when
    /// ``Limits/waitingReads`` are waiting or the reader is stopping.
    package func page(
        after cursor: EventID, events: Int = Limits.pageEvents, bytes: Int = Limits.pageBytes,
        completion: @escaping @Sendable (Result<JournalPage, JournalError>) -> Void
    ) -> Bool {
        read("page", { try $0.page(after: cursor, events: events, bytes: bytes) }, completion: completion)
    }

    /// Looks something else up, such as a cursor for a time: like ``page(after:events:bytes:completion:)``.
    package func read<Found>(
        _ operation: String, _ body: @escaping @Sendable (any JournalHome) throws -> Found,
        completion: @escaping @Sendable (Result<Found, JournalError>) -> Void
    ) -> Bool {
        let onFault = onFault
        return state.change { state in
            guard !state.isStopping, state.queue.count < Limits.waitingReads else { return false }
            state.queue.append { home in
                let result = Result { try body(home) }.mapError { JournalError($0, during: operation) }
                if case .failure(let fault) = result { onFault(fault) }
                completion(result)
            }
            return true
        }
    }

    /// Finishes what waits and returns when the threads have ended. Not from one of them.
    package func stop() {
        state.change { $0.isStopping = true }
        _ = state.wait { $0.running == 0 ? true : nil }
    }

    private func run() {
        while let job = next() { job(home) }
        state.change { $0.running -= 1 }
    }

    private func next() -> (@Sendable (any JournalHome) -> Void)? {
        state.wait { state -> (@Sendable (any JournalHome) -> Void)?? in
            if !state.queue.isEmpty { return state.queue.removeFirst() }
            return state.isStopping ? .some(nil) : nil
        } ?? nil
    }
}
