internal import Crypto
internal import Events
internal import FoundationEssentials
internal import Glibc
package import Platform
internal import Wire

/// The folder that holds what the relay keeps: the log, and the secrets it made up. Only its user may look inside.
package struct DataFolder: Sendable {
    /// Where it is.
    package let path: String

    /// The folder at `path`; nothing is touched yet.
    package init(path: String) {
        self.path = path
    }

    /// Where it is unless chosen: `$XDG_DATA_HOME/roomwire`, else `~/.local/share/roomwire`, else, for a user
    /// without a home, `/var/lib/roomwire`.
    package static func defaultPath(environment: [String: String]) -> String {
        // The XDG base directory specification has relative paths ignored.
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/roomwire" }
        if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.local/share/roomwire" }
        return "/var/lib/roomwire"
    }

    /// Makes the folder, and those above it, with mode 0700, unless it is there.
    package func create() throws(DataFolderError) {
        var isFolder = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            guard isFolder else { throw DataFolderError(path: path, problem: "is a file, not a folder") }
        } else {
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw DataFolderError(path: path, problem: "cannot be made: \(Self.errorText(errno))")
            }
        }
        guard access(path, W_OK | X_OK) == 0 else {
            throw DataFolderError(path: path, problem: "cannot be written to: \(Self.errorText(errno))")
        }
    }

    /// The secret for tokens of our own, made up (256 bits) when there is none yet.
    package func tokenSecret() throws(DataFolderError) -> String {
        try kept(Self.tokenSecretFile) { Self.random(bytes: 32) }
    }

    /// The demo's source, with a key and secret made up when there are none yet.
    package func demoSource() throws(DataFolderError) -> SourceSettings {
        let line = try kept(Self.demoFile) { "APIdemo\(Self.random(bytes: 4)) \(Self.random(bytes: 32))" }
        let words = line.split(separator: " ")
        guard words.count == 2 else {
            throw DataFolderError(path: file(Self.demoFile), problem: "should hold a key, a blank and a secret")
        }
        return SourceSettings(name: Self.demoName, provider: "livekit", keys: [String(words[0]): String(words[1])])
    }

    /// The name of the demo's source.
    package static let demoName = "demo"
    static let tokenSecretFile = "token-secret"
    static let demoFile = "demo-source"
    /// The file of what administrators have revoked.
    package static let revocationsFile = "revocations.json"

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Whether a secret for tokens is there already.
    package var hasTokenSecret: Bool { FileManager.default.fileExists(atPath: file(Self.tokenSecretFile)) }
    /// Whether the demo's source is there already.
    package var hasDemoSource: Bool { FileManager.default.fileExists(atPath: file(Self.demoFile)) }

    private static func random(bytes: Int) -> String {
        Hex.text(SymmetricKey(size: SymmetricKeySize(bitCount: bytes * 8)).withUnsafeBytes { Array($0) })
    }

    static func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// A data folder that cannot be used: which path, and why.
package struct DataFolderError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which folder or file.
    package let path: String
    /// What is wrong, to be read after the path.
    package let problem: String

    /// Whether the next try may succeed without anybody doing something: a full disk, too many open files.
    package var mayPass = false

    package init(path: String, problem: String, _ error: SystemError) {
        self.init(path: path, problem: "\(problem): \(DataFolder.errorText(error.code))")
        mayPass = [ENOSPC, EDQUOT, EIO, EMFILE, ENFILE, ENOMEM].contains(error.code)
    }

    package init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }

    /// Path and problem, as a sentence.
    package var description: String { "\(path) \(problem)" }
}

// Files that hold a secret.
extension DataFolder {
    /// The line in the file `name`, written with `make` if there is no such file.
    ///
    /// It is written aside and linked into place, which fails if somebody else was faster: then theirs counts,
    /// and nobody ever reads half a secret.
    private func kept(_ name: String, make: () -> String) throws(DataFolderError) -> String {
        let path = file(name)
        if let line = try line(of: path) { return line }
        try create()
        let aside = "\(path).\(getpid()).\(Self.random(bytes: 4))"
        try Self.write(make() + "\n", to: aside)
        defer { unlink(aside) }
        if link(aside, path) != 0 && errno != EEXIST {
            throw DataFolderError(path: path, problem: "cannot be made: \(Self.errorText(errno))")
        }
        guard let line = try line(of: path) else {
            throw DataFolderError(path: path, problem: "has gone again")
        }
        return line
    }

    /// Writes a new file that is for this user alone.
    static func write(_ text: String, to path: String) throws(DataFolderError) {
        do throws(SystemError) {
            try System.writeNewFile(path, Array(text.utf8))
        } catch {
            throw DataFolderError(path: path, problem: "cannot be written", error)
        }
    }

    /// The first line of a file; nil if there is no file.
    private func line(of path: String) throws(DataFolderError) -> String? {
        let found: [UInt8]?
        do throws(SystemError) {
            found = try System.readOwnFile(path, mostBytes: Limits.secretFileBytes)
        } catch {
            throw DataFolderError(path: path, problem: "cannot be read", error)
        }
        guard let bytes = found else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self),
            let line = text.split(separator: "\n").first, !line.isEmpty
        else {
            throw DataFolderError(path: path, problem: "is empty or no text; delete it, and a new secret is made")
        }
        return String(line)
    }
}
