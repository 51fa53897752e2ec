internal import Glibc

// Files that this process alone reads and writes. Nothing follows a symbolic link, and nothing writes into a file that
// another user has put there.
extension System {
    /// The bytes of a file of our own; nil if there is none.
    /// - Throws: ELOOP for a symbolic link, EINVAL for what is no regular file, EFBIG for one that is too large.
    public static func readOwnFile(_ path: String, mostBytes: Int) throws(SystemError) -> [UInt8]? {
        // A pipe would keep the reader waiting, so it is opened without, and refused.
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

    /// Writes a file that is not there yet, for this user alone, and has the disk take it. Leaves nothing if it fails.
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

    /// Puts a file of our own in the place of another: after a loss of power it is the old one or the new one, whole.
    public static func replaceOwnFile(_ path: String, with bytes: [UInt8]) throws(SystemError) {
        let aside = path + ".new"
        // Left by a process that was killed. A link that somebody put here is removed, not followed.
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
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("keep \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemError("keep \(path)") }
    }

    /// What a path itself is, and whose: a symbolic link is not followed.
    public struct PathStatus: Sendable {
        /// A file, a folder, a link, or anything else.
        public enum Kind: Sendable { case file, folder, link, other }

        /// What it is.
        public let kind: Kind
        /// The user that it belongs to.
        public let owner: UInt32
        /// Its permission bits.
        public let permissions: UInt32
    }

    /// What a path is; nil if there is nothing.
    /// - Parameter followsLink: whether to look behind a symbolic link.
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

    /// The user that this process acts as.
    public static var user: UInt32 { geteuid() }
}
