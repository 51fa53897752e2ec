internal import FoundationEssentials
internal import Platform
internal import Yams

/// The settings file as a tree of nodes that know their lines.
enum SettingsFile {
    /// The root mapping; nil for a file without any settings in it.
    static func read(_ path: String) throws(SettingsProblem) -> Node? {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw SettingsProblem(.file(path: path, line: nil), nil, unreadable(path))
        }
        return try compose(text, path: path)
    }

    /// Parses YAML. Of the parser's errors only the kind and the place are passed on: their full text quotes
    /// the file, which holds secrets.
    static func compose(_ text: String, path: String) throws(SettingsProblem) -> Node? {
        do {
            return try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw problem(error, path: path)
        } catch {
            throw SettingsProblem(.file(path: path, line: nil), nil, "is not YAML")
        }
    }

    private static func problem(_ error: YamlError, path: String) -> SettingsProblem {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            SettingsProblem(.file(path: path, line: mark.line), nil, "is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            SettingsProblem(.file(path: path, line: context.mark.line), names.first, "stands here twice")
        default:
            SettingsProblem(.file(path: path, line: nil), nil, "is not YAML in UTF-8")
        }
    }

    private static func unreadable(_ path: String) -> String {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return "there is no such settings file"
        }
        if isFolder { return "is a folder, not a settings file" }
        guard System.isRegularFile(path) else { return "is no regular file, which a reload could read again" }
        return FileManager.default.isReadableFile(atPath: path) ? "is not text in UTF-8" : "may not be read"
    }
}
