internal import CLibevent
internal import Glibc

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
    ) -> MailboxReader {
        var backlog: [Command] = []
        var next = 0
        return MailboxReader(loop: loop, descriptor: wakeUp) { [self] in
            if next == backlog.count {
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
            if next < backlog.count { signal() }
            endOfTurn()
        }
    }

    /// Refuses what is posted from now on.
    public func close() {
        state.withLock { $0.isClosed = true }
    }
}

/// Keeps a loop reading a mailbox, for as long as it lives.
public final class MailboxReader {
    // Held, so that the event never outlives its base.
    private let loop: Loop
    private var event: UnsafeMutablePointer<event>?
    private let descriptor: CInt
    private let turn: () -> Void

    fileprivate init(loop: Loop, descriptor: CInt, turn: @escaping () -> Void) {
        loop.checkThread()
        self.loop = loop
        self.descriptor = descriptor
        self.turn = turn
        event = event_new(
            loop.base, descriptor, Int16(EV_READ | EV_PERSIST), mailboxIsReady,
            Unmanaged.passUnretained(self).toOpaque())
        event_add(event, nil)
    }

    deinit {
        if let event { event_free(event) }
    }

    fileprivate func wakeUpReceived() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
        turn()
    }
}

private func mailboxIsReady(_ descriptor: CInt, _ what: Int16, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    // A command may let go of the reader.
    let reader = Unmanaged<MailboxReader>.fromOpaque(argument).takeUnretainedValue()
    withExtendedLifetime(reader) { reader.wakeUpReceived() }
}
