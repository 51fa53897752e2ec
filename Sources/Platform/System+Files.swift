internal import CLinux
internal import Glibc

// Properties of files and folders.
extension System {
    /// The permission bits of a file; nil if there is none.
    public static func permissions(of path: String) -> UInt32? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    /// True for a regular file; false for a folder, a pipe or a device.
    public static func isRegularFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The size that the system reports for a file or folder; nil if there is none.
    public static func size(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// The kernel's number for the kind of file system on which a path lies; nil if there is no such path.
    public static func fileSystemKind(of path: String) -> UInt32? {
        let kind = roomwire_file_system_kind(path)
        return kind >= 0 ? UInt32(truncatingIfNeeded: kind) : nil
    }
}
