internal import Events
internal import Glibc
internal import Platform
internal import Wire

/// Writes the lines of the log on a thread of its own, so that no caller waits for a slow terminal, pipe or disk. When
/// the buffer is full, lines are dropped and counted, and a line in the log says how many.
package final class LogWriter: Sendable {
    /// Counts of lines.
    package struct Counters: Sendable, Equatable {
        /// Lines that were accepted.
        package fileprivate(set) var lines: UInt64 = 0
        /// Lines that were dropped because the buffer was full.
        package fileprivate(set) var dropped: UInt64 = 0
    }

    private struct State: Sendable {
        var waiting: [UInt8] = []
        var isWriting = false
        var isUrgent = false
        var counters = Counters()
        /// Dropped lines that the log has not reported yet.
        var unsaid: UInt64 = 0
    }

    private let descriptor: CInt
    /// Makes the line that reports a number of dropped ones.
    private let note: @Sendable (UInt64) -> [UInt8]
    private let state = Monitor(State())

    /// Starts the thread, which runs until the process ends.
    package init(descriptor: CInt, note: @escaping @Sendable (UInt64) -> [UInt8]) {
        self.descriptor = descriptor
        self.note = note
        // Without the thread nothing is written, and lines are dropped once the buffer is full.
        try? NamedThread.start(name: "log") { [self] in run() }
    }

    /// Appends a line, which ends with a newline.
    /// - Parameter isUrgent: true to write it at once; false lets it wait for others to share a write.
    package func append(_ line: some Collection<UInt8>, isUrgent: Bool = false) {
        let wakes = state.withLock { state -> Bool in
            guard state.waiting.count + line.count <= Limits.waitingLogBytes else {
                state.counters.dropped += 1
                state.unsaid += 1
                return false
            }
            state.counters.lines += 1
            let isFirst = state.waiting.isEmpty
            state.waiting += line
            state.isUrgent = state.isUrgent || isUrgent
            return isFirst || isUrgent
        }
        if wakes { state.change { _ in } }
    }

    /// Returns when all lines so far are written, or after ``Limits/logFlushMilliseconds``.
    package func flush() {
        state.change { $0.isUrgent = true }
        _ = state.wait(milliseconds: Limits.logFlushMilliseconds) { state in
            state.waiting.isEmpty && !state.isWriting ? true : nil
        }
    }

    /// The counts so far.
    package var counters: Counters { state.withLock { $0.counters } }

    private func run() {
        while true {
            _ = state.wait { $0.waiting.isEmpty ? nil : true }
            // At high rates many lines share one write, and the callers need not wake this thread.
            _ = state.wait(milliseconds: Limits.logGatheringMilliseconds) { $0.isUrgent ? true : nil }
            let (bytes, dropped) = state.withLock { state -> ([UInt8], UInt64) in
                defer {
                    state.waiting = []
                    state.unsaid = 0
                }
                state.isWriting = true
                state.isUrgent = false
                return (state.waiting, state.unsaid)
            }
            write(bytes[...])
            if dropped > 0 { write(note(dropped)[...]) }
            state.change { $0.isWriting = false }
        }
    }

    private func write(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0 && errno == EAGAIN {
                // Another process has set the terminal to non-blocking: wait until it is writable.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, 1000)
            } else if count < 0 && errno != EINTR {
                // The reader of the log has gone: the relay continues without it.
                return
            }
        }
    }
}
