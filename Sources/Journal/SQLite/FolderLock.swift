internal import Glibc
internal import Platform

/// The lock on a data folder: a second relay that starts there is refused, instead of assigning the same ids.
final class FolderLock: Sendable {
    private let file: FileLock

    init(path: String) throws {
        do throws(SystemError) {
            file = try FileLock(path: path)
        } catch {
            let isLocked = error.code == EWOULDBLOCK
            throw JournalError(
                operation: "open",
                text: isLocked ? "the log is in use by another process: \(path) is locked" : error.description)
        }
    }
}
