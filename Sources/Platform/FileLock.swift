internal import Glibc

/// An exclusive lock on a file, which keeps a second process out. The kernel releases it when the process ends, in
/// whatever way. The file stays: removing it would let two processes lock two files of one name.
package final class FileLock: Sendable {
    private let descriptor: Int32

    /// Creates the file at `path` if there is none, and locks it. Does not wait, and follows no symbolic link.
    /// - Throws: EWOULDBLOCK if another process has the lock.
    package init(path: String) throws(SystemError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError("write \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            throw SystemError("lock \(path)", code: code)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
