internal import Foundation

/// Reads the files that are named on the command line.
enum InputFile {
    /// All bytes of the file at `path`; `-` is standard input.
    static func bytes(_ path: String) throws(Failure) -> [UInt8] {
        do {
            // By handle, so that pipes such as /dev/stdin and <(command) can be read, too.
            let isStandardInput = path == "-"
            guard let file = isStandardInput ? FileHandle.standardInput : FileHandle(forReadingAtPath: path) else {
                throw CocoaError(.fileReadUnknown)
            }
            return Array(try file.readToEnd() ?? Data())
        } catch {
            throw .invalid("\(path): \(reason(path))")
        }
    }

    private static func reason(_ path: String) -> String {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return "there is no such file"
        }
        return isFolder.boolValue ? "is a folder" : "cannot be read"
    }
}
