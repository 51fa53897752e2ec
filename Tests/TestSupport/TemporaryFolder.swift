internal import FoundationEssentials

/// A folder of its own for a test, gone afterwards.
package final class TemporaryFolder {
    /// Its path.
    package let path: String

    /// Makes it.
    package init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "roomwire-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file and gives its path.
    package func file(_ name: String, _ text: String) throws -> String {
        let path = "\(path)/\(name)"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }
}
