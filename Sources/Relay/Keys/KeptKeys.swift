internal import Crypto
internal import Events
internal import Platform
internal import Settings
internal import Wire

/// The last good key set of an issuer, kept in the data folder so that a restart while its address is down still
/// knows the keys.
struct KeptKeys: Sendable {
    /// Where it is. The name comes from issuer and address: keys of another address are never taken for these.
    let path: String

    init(folder: DataFolder, issuer: String, url: String) {
        let digest = SHA256.hash(data: Array("\(issuer)\n\(url)".utf8))
        path = folder.file("jwks-\(Hex.text(digest.prefix(8))).json")
    }

    /// The set; nil if none was kept.
    func read() -> String? {
        guard let bytes = try? System.readOwnFile(path, mostBytes: Limits.keySetBytes) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Keeps a set instead of the one before: whoever reads sees the one or the other, also after a power cut.
    func write(_ text: String) throws(DataFolderError) {
        do throws(SystemError) {
            try System.replaceOwnFile(path, with: Array(text.utf8))
        } catch {
            throw DataFolderError(path: path, problem: "cannot be written", error)
        }
    }
}
