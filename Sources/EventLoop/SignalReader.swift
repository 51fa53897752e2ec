internal import Glibc
public import Platform

/// Takes signals to the process from the moment that this object is made, and tells of them on a thread of its own.
///
/// A handler writes each to a pipe. For a signalfd all threads would have to block the signals, and an async program has
/// other threads before its own first line runs.
public enum SignalReader {
    /// Takes these signals from now on, for as long as the process runs. Once in a process.
    /// - Parameter action: called with the number of each, on the reader's thread.
    public static func start(
        _ signals: [CInt], _ action: @escaping @Sendable (CInt) -> Void
    ) throws(SystemError) {
        precondition(signalPipe < 0, "a process has one reader of signals")
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("make a pipe for signals") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A full pipe already holds more signals than anything waits for.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        signalPipe = ends[1]
        let reading = ends[0]
        try NamedThread.start(name: "signals") { read(reading, action) }
        for number in signals {
            var handler = sigaction()
            handler.__sigaction_handler = .init(sa_handler: noteSignal)
            handler.sa_flags = CInt(SA_RESTART)
            guard sigaction(number, &handler, nil) == 0 else { throw SystemError("take the signal \(number)") }
        }
    }

    private static func read(_ descriptor: CInt, _ action: (CInt) -> Void) {
        var number: UInt8 = 0
        while true {
            let count = Glibc.read(descriptor, &number, 1)
            if count < 0 && errno == EINTR { continue }
            guard count == 1 else { return }
            action(CInt(number))
        }
    }
}

/// Where the handler writes. A plain number, set before the handler is, which a handler may read at any time.
private nonisolated(unsafe) var signalPipe: CInt = -1

/// Does only what signal-safety(7) allows: a write, with the interrupted code's errno left as it was.
private func noteSignal(_ number: CInt) {
    let code = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = write(signalPipe, &byte, 1)
    errno = code
}
