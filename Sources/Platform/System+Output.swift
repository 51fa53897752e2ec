internal import CLinux
internal import Glibc

// Files and pipes that a process writes its results to.
extension System {
    /// What kind of file a descriptor writes to.
    package enum OutputKind: Sendable {
        /// A regular file.
        case file
        /// A pipe.
        case pipe
        /// A terminal, a device or a socket.
        case other
    }

    /// The kind of file that a descriptor is open on.
    package static func outputKind(_ descriptor: CInt) -> OutputKind {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .other }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFIFO: return .pipe
        default: return .other
        }
    }

    /// Writes all bytes to a file, a pipe or a terminal, and waits until they are accepted.
    /// - Returns: false if the reader has gone or the bytes cannot be written; `errno` says why. The caller must ignore
    ///   SIGPIPE.
    package static func writeAll(_ descriptor: CInt, _ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // The descriptor does not block: another process that shares it has set it so.
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wanted, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// How many bytes of a pipe its reader has not read yet; nil if the descriptor is no pipe. Works at the writing end.
    package static func unreadBytes(_ descriptor: CInt) -> Int? {
        guard outputKind(descriptor) == .pipe else { return nil }
        let count = roomwire_unread_bytes(descriptor)
        return count >= 0 ? Int(count) : nil
    }

    /// True if no process can read what is written to this pipe any more.
    package static func hasNoReader(_ descriptor: CInt) -> Bool {
        var asked = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&asked, 1, 0) == 1 && asked.revents & Int16(POLLERR) != 0
    }

    /// Waits until what was written to a regular file is on the disk.
    package static func synchronize(_ descriptor: CInt) throws(SystemError) {
        guard fdatasync(descriptor) == 0 else { throw SystemError("synchronize the output") }
    }
}
