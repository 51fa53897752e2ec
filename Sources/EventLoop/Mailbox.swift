internal import CLibevent
internal import Glibc
public import Platform

/// The only way into a loop from another thread: commands, taken in the order in which they were posted.
///
/// Posting costs a lock and an append. The loop is woken only by the first command of a burst; it takes all that
/// wait at once.
public final class Mailbox<Command: Sendable>: Sendable {
    private struct State {
        var waiting: [Command] = []
        var isWoken = false
        var isClosed = false
    }

    private let state = Locked(State())
    private let wakeUp: CInt

    /// An empty mailbox. What is posted before a loop reads it waits.
    public init() throws(SystemError) {
        wakeUp = eventfd(0, CInt(EFD_NONBLOCK | EFD_CLOEXEC))
        guard wakeUp >= 0 else { throw SystemError("make an eventfd") }
    }

    deinit {
        Glibc.close(wakeUp)
    }

    /// Leaves a command. From any thread.
    /// - Returns: false if the loop has ended, so that the command will never be taken.
    @discardableResult
    public func post(_ command: Command) -> Bool {
        let (isTaken, wakes) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.waiting.append(command)
            defer { state.isWoken = true }
            return (true, !state.isWoken)
        }
        if wakes { signal() }
        return isTaken
    }

    private func signal() {
        var one: UInt64 = 1
        // The counter cannot overflow: one is added only after the loop took the last one away.
        _ = write(wakeUp, &one, MemoryLayout<UInt64>.size)
    }

    /// Reads the mailbox on `loop`; `handle` gets each command, `endOfTurn` is called when those that waited are
    /// done, so that work which several of them ask for is done once.
    ///
    /// At most `limit` commands are handled before the loop looks at its sockets again.
    public func attach(
        to loop: Loop, limit: Int, handle: @escaping (Command) -> Void, endOfTurn: @escaping () -> Void
    ) -> CounterReader {
        var backlog: [Command] = []
        var next = 0
        return CounterReader(wakeUp, on: loop) { [self] in
            let isFresh = next == backlog.count
            if isFresh {
                backlog.removeAll(keepingCapacity: backlog.capacity <= limit)
                next = 0
                state.withLock { state in
                    swap(&state.waiting, &backlog)
                    state.isWoken = false
                }
            }
            let end = min(backlog.count, next + limit)
            while next < end {
                handle(backlog[next])
                next += 1
            }
            // The wake-up of what was posted since the backlog was taken may be the one that brought this turn.
            if next < backlog.count || !isFresh { signal() }
            endOfTurn()
        }
    }

    /// Refuses what is posted from now on.
    public func close() {
        state.withLock { $0.isClosed = true }
    }
}
