public import Glibc

/// The system calls that roomwire makes itself, each with its errors turned into values.
public enum System {
    /// One piece of a vectored write: an address and a number of bytes.
    public typealias Buffer = iovec

    /// The result of a write.
    public enum WriteResult: Equatable, Sendable {
        /// This many bytes were accepted; fewer than offered means that the kernel's buffer is full.
        case wrote(Int)
        /// None was accepted: wait until the socket is writable.
        case wouldBlock
        /// The connection is gone.
        case closed
    }

    /// Writes `buffers` with one system call. Never raises SIGPIPE.
    public static func write(_ descriptor: CInt, _ buffers: UnsafeMutableBufferPointer<Buffer>) -> WriteResult {
        while true {
            let count = send(descriptor, buffers)
            if count >= 0 { return .wrote(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN, ENOBUFS: return .wouldBlock
            case EBADF, EFAULT, EINVAL, ENOTSOCK: preconditionFailure("send was called wrongly: errno \(errno)")
            default: return .closed
            }
        }
    }

    /// Writes bytes that are in one piece, with one system call. Never raises SIGPIPE.
    public static func write(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> WriteResult {
        withPiece(bytes) { write(descriptor, $0) }
    }

    /// The result of `body` for bytes that are in one piece, as the only piece of a vectored write.
    package static func withPiece(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeMutableBufferPointer<Buffer>) -> WriteResult
    ) -> WriteResult {
        // A write does not change the bytes.
        var piece = Buffer(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
        return withUnsafeMutablePointer(to: &piece) { body(UnsafeMutableBufferPointer(start: $0, count: 1)) }
    }

    private static func send(_ descriptor: CInt, _ buffers: UnsafeMutableBufferPointer<Buffer>) -> Int {
        let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
        // One piece is the usual case, and the kernel has less to copy and check for `send`.
        if buffers.count == 1 { return Glibc.send(descriptor, buffers[0].iov_base, buffers[0].iov_len, flags) }
        var message = msghdr()
        message.msg_iov = buffers.baseAddress
        message.msg_iovlen = buffers.count
        return sendmsg(descriptor, &message, flags)
    }

    /// The result of a read.
    public enum ReadResult: Equatable, Sendable {
        /// This many bytes were read, at least one.
        case read(Int)
        /// No bytes have arrived yet.
        case wouldBlock
        /// The peer has closed the connection, or it broke.
        case closed
    }

    /// Reads the bytes that have arrived into `buffer`.
    public static func read(_ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT))
            if count > 0 { return .read(count) }
            if count == 0 { return .closed }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .closed
            }
        }
    }

    /// Reads once, and drops the bytes.
    public static func discard(_ descriptor: CInt) -> ReadResult {
        withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) { read(descriptor, into: $0) }
    }

    /// Sets one integer socket option. Failure is not an error: every option set here is an improvement, none is needed
    /// for the connection to work (and a Unix socket has no TCP options).
    public static func setOption(_ descriptor: CInt, level: CInt, _ name: CInt, to value: CInt) {
        var value = value
        _ = setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Raises the limit on open files as far as the system allows.
    /// - Returns: how many files this process may now open.
    public static func raiseOpenFileLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// How many files this process may open now.
    public static func openFileLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// How many files this process could open after ``raiseOpenFileLimit()``, without raising the limit.
    public static func mostOpenFiles() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_max)
    }

    /// Makes a write to a closed connection fail instead of ending the process. Call it once, at start.
    public static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Makes files created from now on readable by this process's user only.
    public static func makeNewFilesPrivate() {
        umask(0o077)
    }
}

/// A failed operation of the operating system or of libevent: what was attempted, and the reason.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was attempted, in words: `listen on 127.0.0.1:3001`.
    public let operation: String
    /// The system's error number.
    public let code: CInt

    /// A failure with this error number, by default `errno`.
    public init(_ operation: String, code: CInt = errno) {
        self.operation = operation
        self.code = code
    }

    /// One sentence for the log.
    public var description: String { "cannot \(operation): \(String(cString: strerror(code)))" }
}
