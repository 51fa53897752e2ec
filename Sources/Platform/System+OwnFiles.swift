internal import Glibc

// Files that only this process reads and writes. No function follows a symbolic link, or writes into a file that
// another user has created.
extension System {
    /// The bytes of the process's own file; nil if there is none.
    /// - Throws: ELOOP for a symbolic link, EINVAL if it is not a regular file, EFBIG if it is larger than `mostBytes`.
    public static func readOwnFile(_ path: String, mostBytes: Int) throws(SystemError) -> [UInt8]? {
        // Opening a pipe would block, so it is opened with O_NONBLOCK and refused below.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        if descriptor < 0 && errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw SystemError("read \(path)") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError("read \(path)") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("read \(path)", code: EINVAL) }
        guard status.st_size <= mostBytes else { throw SystemError("read \(path)", code: EFBIG) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var length = 0
        while length < bytes.count {
            let count = bytes[length...].withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read \(path)") }
            if count == 0 { break }
            length += count
        }
        return Array(bytes[..<length])
    }

    /// Creates a file that only this user can read, and waits until it is on the disk. Leaves no file if it fails.
    public static func writeNewFile(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError("make \(path)") }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            written += count
        }
        guard written == bytes.count, fsync(descriptor) == 0 else {
            let code = errno
            unlink(path)
            throw SystemError("write \(path)", code: code)
        }
    }

    /// Replaces the process's own file atomically: after a loss of power it has either the old bytes or the new ones.
    public static func replaceOwnFile(_ path: String, with bytes: [UInt8]) throws(SystemError) {
        let aside = path + ".new"
        // Left by a process that was killed. A link that another user put here is removed, not followed.
        unlink(aside)
        try writeNewFile(aside, bytes)
        guard rename(aside, path) == 0 else {
            let code = errno
            unlink(aside)
            throw SystemError("replace \(path)", code: code)
        }
        try synchronizeFolder(of: path)
    }

    private static func synchronizeFolder(of path: String) throws(SystemError) {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let folder = parent.isEmpty ? "/" : parent
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("keep \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemError("keep \(path)") }
    }

    /// Kind, owner and permissions of a path.
    public struct PathStatus: Sendable {
        /// A file, a folder, a link, or anything else.
        public enum Kind: Sendable { case file, folder, link, other }

        /// What it is.
        public let kind: Kind
        /// The id of the user who owns it.
        public let owner: UInt32
        /// Its permission bits.
        public let permissions: UInt32
    }

    /// The status of a path; nil if there is nothing.
    /// - Parameter followsLink: true to report the target of a symbolic link, false to report the link itself.
    public static func status(of path: String, followsLink: Bool = false) -> PathStatus? {
        var status = stat()
        guard (followsLink ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        let kind: PathStatus.Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
        return PathStatus(kind: kind, owner: status.st_uid, permissions: status.st_mode & 0o7777)
    }

    /// The effective user id of this process.
    public static var user: UInt32 { geteuid() }
}
