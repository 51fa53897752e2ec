internal import Crypto
internal import Events
internal import Platform
internal import Settings
internal import Wire

/// The last valid key set of an issuer, stored in the data folder, so that the relay has the keys if it restarts while
/// the issuer's address is down.
struct KeptKeys: Sendable {
    /// The file's path. Its name is made from issuer and address, so that keys of another address are never used for
    /// this one.
    let path: String

    init(folder: DataFolder, issuer: String, url: String) {
        let digest = SHA256.hash(data: Array("\(issuer)\n\(url)".utf8))
        path = folder.file("jwks-\(Hex.text(digest.prefix(8))).json")
    }

    /// The stored set; nil if there is none.
    func read() -> String? {
        guard let bytes = try? System.readOwnFile(path, mostBytes: Limits.keySetBytes) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Replaces the stored set, atomically and durably.
    func write(_ text: String) throws(DataFolderError) {
        do throws(SystemError) {
            try System.replaceOwnFile(path, with: Array(text.utf8))
        } catch {
            throw DataFolderError(path: path, problem: "cannot be written", error)
        }
    }
}
