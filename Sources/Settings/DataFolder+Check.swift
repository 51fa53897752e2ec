internal import FoundationEssentials
internal import Platform

// Whose the folder and its files are. Whoever can write there can change the log, forge tokens, and have the relay
// write to files elsewhere.
extension DataFolder {
    /// Looks at the folder and at everything in it that the relay reads or writes.
    ///
    /// The folder itself may be reached by a symbolic link, as systemd's `DynamicUser=` makes one; no file in it may.
    /// - Returns: what an operator should know although the folder can be used, each as a sentence without a full stop.
    /// - Throws: what another user could have put there, or could still change.
    package func check() throws(DataFolderError) -> [String] { try check(user: System.user) }

    /// The same for a relay that runs as another user.
    func check(user: UInt32) throws(DataFolderError) -> [String] {
        guard let folder = System.status(of: path, followsLink: true) else { return [] }
        var warnings = try Self.ownership(of: path, folder, user)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names.sorted() where Self.isOurs(name) {
            guard let status = System.status(of: file(name)) else { continue }
            guard status.kind == .file else {
                let kind = status.kind == .link ? "a symbolic link" : "no regular file"
                throw DataFolderError(path: file(name), problem: "is \(kind), which the relay did not make: remove it")
            }
            warnings += try Self.ownership(of: file(name), status, user)
            if status.permissions & 0o007 != 0 {
                warnings.append("every user of this machine can read \(file(name)): chmod 600 makes it private")
            }
        }
        return warnings
    }

    private static func ownership(
        of path: String, _ status: System.PathStatus, _ user: UInt32
    ) throws(DataFolderError) -> [String] {
        guard status.permissions & 0o002 == 0 else {
            throw DataFolderError(path: path, problem: "can be written by every user of this machine: chmod o-w it")
        }
        // What root owns is as safe as this process is.
        guard status.owner != user && status.owner != 0 else { return [] }
        guard user == 0 else {
            throw DataFolderError(
                path: path, problem: "belongs to the user \(status.owner), but the relay runs as \(user): chown it")
        }
        return ["\(path) belongs to the user \(status.owner), who can change it, but the relay runs as root"]
    }

    /// True for names that the relay gives: others may be there, such as `lost+found` of a volume.
    private static func isOurs(_ name: String) -> Bool {
        [tokenSecretFile, demoFile].contains { name.utf8.elementsEqual($0.utf8) }
            || ["log.", revocationsFile, "jwks-"].contains { name.utf8.starts(with: $0.utf8) }
    }
}
