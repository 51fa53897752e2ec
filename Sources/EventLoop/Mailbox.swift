internal import CLibevent
internal import Glibc
public import Platform

/// The only way into a loop from another thread: a queue of commands, handled in the order in which they were posted.
///
/// Posting costs a lock and an append. Only the first command of a burst wakes the loop, which then handles all waiting
/// commands.
public final class Mailbox<Command: Sendable>: Sendable {
    private struct State {
        var waiting: [Command] = []
        var isWoken = false
        var isClosed = false
        var isAttached = false
    }

    private let state = Locked(State())
    private let wakeUp: CInt

    /// An empty mailbox. Commands wait until a loop is attached.
    public init() throws(SystemError) {
        wakeUp = eventfd(0, CInt(EFD_NONBLOCK | EFD_CLOEXEC))
        guard wakeUp >= 0 else { throw SystemError("make an eventfd") }
    }

    deinit {
        Glibc.close(wakeUp)
    }

    /// Adds a command. Call it from any thread.
    /// - Returns: false if the mailbox is closed, so the command will never be handled.
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
        // The counter cannot overflow: one is added only after the loop has reset it.
        _ = write(wakeUp, &one, MemoryLayout<UInt64>.size)
    }

    /// Attaches the mailbox to `loop`. `handle` is called with each command, and `endOfTurn` after the last command of
    /// a turn, so that work which several commands request is done once.
    ///
    /// At most `limit` commands are handled before the loop polls its sockets again.
    public func attach(
        to loop: Loop, limit: Int, handle: @escaping (Command) -> Void, endOfTurn: @escaping () -> Void
    ) -> CounterReader {
        precondition(limit > 0, "a loop handles at least one command in a turn")
        let isFirst = state.withLock { state in
            defer { state.isAttached = true }
            return !state.isAttached
        }
        precondition(isFirst, "a mailbox is read by one loop")
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
            assert(next <= backlog.count, "the next command lies in the backlog")
            let end = min(backlog.count, next + limit)
            while next < end {
                handle(backlog[next])
                next += 1
            }
            // Commands posted since this backlog began may have used the wake-up of this turn, so wake the loop again.
            if next < backlog.count || !isFresh { signal() }
            endOfTurn()
        }
    }

    /// Refuses all further commands.
    public func close() {
        state.withLock { $0.isClosed = true }
    }
}
