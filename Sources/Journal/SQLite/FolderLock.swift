internal import Foundation

/// The right to write in a data folder, so that a second relay started on it says so instead of giving out the
/// same ids. The kernel releases it when the process ends, however it ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw JournalError(operation: "open", text: "cannot write \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            Foundation.close(descriptor)
            throw JournalError(operation: "open", text: "the journal is in use by another process: \(path) is locked")
        }
    }

    deinit { Foundation.close(descriptor) }
}
