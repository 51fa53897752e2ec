internal import Glibc

/// Receives the process's signals from ``start(_:_:)`` on, and reports them on a thread of its own.
///
/// A handler writes each signal's number to a pipe. A signalfd would require all threads to block the signals, and an
/// async program has other threads before its own first line runs.
package enum SignalReader {
    /// Installs handlers for these signals, for as long as the process runs. Call it once in a process.
    /// - Parameter action: called with the number of each signal, on the reader's thread.
    package static func start(
        _ signals: [CInt], _ action: @escaping @Sendable (CInt) -> Void
    ) throws(SystemError) {
        precondition(signalPipe < 0, "a process has one reader of signals")
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("make a pipe for signals") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A full pipe already has more signals than any reader needs.
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

/// The pipe's end to which the handler writes. A plain number, set before the handler is installed, so the handler may
/// read it at any time.
private nonisolated(unsafe) var signalPipe: CInt = -1

/// The signal handler. It does only what signal-safety(7) allows, one write, and restores the interrupted code's errno.
private func noteSignal(_ number: CInt) {
    let code = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = write(signalPipe, &byte, 1)
    errno = code
}
