internal import Events
internal import Glibc
internal import Platform
internal import Wire

/// Writes the log's lines from a thread of its own. Whoever logs never waits for a slow terminal, pipe or disk: when
/// too much waits, lines are dropped and counted, and the log says how many.
package final class LogWriter: Sendable {
    /// What became of the lines.
    package struct Counters: Sendable, Equatable {
        /// Lines that were taken.
        package fileprivate(set) var lines: UInt64 = 0
        /// Lines for which there was no room.
        package fileprivate(set) var dropped: UInt64 = 0
    }

    private struct State: Sendable {
        var waiting: [UInt8] = []
        var isWriting = false
        var isUrgent = false
        var counters = Counters()
        /// Lines dropped since the log last said so.
        var unsaid: UInt64 = 0
    }

    private let descriptor: CInt
    /// Makes the line that tells of dropped ones.
    private let note: @Sendable (UInt64) -> [UInt8]
    private let state = Monitor(State())

    /// Starts the thread, which lasts as long as the process.
    package init(descriptor: CInt, note: @escaping @Sendable (UInt64) -> [UInt8]) {
        self.descriptor = descriptor
        self.note = note
        // Without the thread nothing is ever written, and lines are dropped once the room is used up.
        try? NamedThread.start(name: "log") { [self] in run() }
    }

    /// Takes a line with its newline at its end.
    /// - Parameter isUrgent: whether somebody may want to read it at once; others wait a moment for company.
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

    /// Returns when everything taken so far is written, or nobody took it for a while.
    package func flush() {
        state.change { $0.isUrgent = true }
        _ = state.wait(milliseconds: Limits.logFlushMilliseconds) { state in
            state.waiting.isEmpty && !state.isWriting ? true : nil
        }
    }

    /// What became of the lines so far.
    package var counters: Counters { state.withLock { $0.counters } }

    private func run() {
        while true {
            _ = state.wait { $0.waiting.isEmpty ? nil : true }
            // At high rates many lines share one write, and those who log need not wake this thread.
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
                // Somebody made the terminal non-blocking; there is nothing to do but to wait for it.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, 1000)
            } else if count < 0 && errno != EINTR {
                // Nobody reads the log any more: the relay goes on without.
                return
            }
        }
    }
}
