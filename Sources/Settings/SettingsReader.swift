internal import Wire
internal import Yams

/// Puts the file's values into settings. It goes on after a problem, so that all of them are told together.
struct SettingsReader {
    let path: String
    var settings: Settings
    var variables: Variables
    private(set) var problems: [SettingsProblem] = []
    let checkSource: SourceReader.Check

    init(path: String, settings: Settings, environment: [String: String], checkSource: @escaping SourceReader.Check) {
        self.path = path
        self.settings = settings
        self.checkSource = checkSource
        variables = Variables(environment: environment)
    }

    /// Reads the whole file.
    mutating func read(_ root: Node) {
        mapping(root, key: nil).forEach { section in self.section(section) }
    }

    private mutating func section(_ member: Member) {
        if let setting = Setting.byKey[member.key] {
            assign(setting, member.value)
        } else if member.key == SourceReader.key {
            SourceReader.read(member, into: &self)
        } else if member.key == IssuerReader.key {
            IssuerReader.read(member, into: &self)
        } else if Self.keys.contains(where: { $0.hasPrefix(member.key + ".") }) {
            mapping(member.value, key: member.key).forEach { section in self.section(section) }
        } else {
            report(member.mark, member.key, "unknown key" + Self.suggestion(for: member))
        }
    }

    private mutating func assign(_ setting: Setting, _ value: Node) {
        let nodes = value.sequence.map { Array($0) } ?? [value]
        if value.sequence != nil && !setting.takesList {
            return report(value.mark, setting.key, "one value should stand here, not a list")
        }
        let texts = nodes.compactMap { text($0, key: setting.key) }
        guard texts.count == nodes.count else { return }
        do {
            try setting.assign(&settings, texts)
            settings.origins[setting.key] = origin(value.mark)
        } catch {
            report(value.mark, setting.key, error.sentence)
        }
    }

    /// Every key that is not a section.
    private static let keys = Setting.all.map(\.key) + [SourceReader.key, IssuerReader.key]

    /// The sibling with the nearest name, else the setting of that last name in another section.
    private static func suggestion(for member: Member) -> String {
        let prefix = member.key.dropLast(member.name.count)
        let depth = prefix.split(separator: ".").count
        let siblings = keys.filter { $0.hasPrefix(prefix) }.map { String($0.split(separator: ".")[depth]) }
        if let near = Suggestion.nearest(to: member.name, of: siblings) { return "; did you mean \(near)?" }
        let flat = member.key.replacing(".", with: "_")
        let elsewhere = keys.first { $0.hasSuffix("." + member.name) || $0.replacing(".", with: "_") == flat }
        return elsewhere.map { "; did you mean \($0)?" } ?? ""
    }
}

// What the readers of sources and issuers share with this one.
extension SettingsReader {
    /// One entry of a mapping.
    struct Member {
        /// The full name, for instance `streams.per_user`.
        let key: String
        /// The last part of it.
        let name: String
        let mark: Mark?
        let value: Node
    }

    /// The entries of a node that must be a mapping. Nothing at all is an empty mapping: all of it may be in comments.
    mutating func mapping(_ node: Node, key: String?) -> [Member] {
        if node.isNothing { return [] }
        guard let mapping = node.mapping else {
            report(node.mark, key, "keys with values should stand here, not \(node.kind)")
            return []
        }
        return mapping.compactMap { name, value in
            guard let text = name.scalar?.string else {
                report(name.mark, key, "a key should be a word")
                return nil
            }
            return Member(key: key.map { "\($0).\(text)" } ?? text, name: text, mark: name.mark, value: value)
        }
    }

    /// The text of a node that must be one value, with variables put in.
    mutating func text(_ node: Node, key: String) -> String? {
        guard let scalar = node.scalar else {
            report(node.mark, key, "one value should stand here, not \(node.kind)")
            return nil
        }
        if node.isNothing {
            report(node.mark, key, "has no value")
            return nil
        }
        do {
            return try variables.expand(scalar.string)
        } catch {
            report(node.mark, key, error.sentence)
            return nil
        }
    }

    /// The texts of a node that must be a list of values, or one value alone.
    mutating func texts(_ node: Node, key: String) -> [String] {
        if node.isNothing { return [] }
        let nodes = node.sequence.map { Array($0) } ?? [node]
        return nodes.compactMap { text($0, key: key) }
    }

    mutating func report(_ mark: Mark?, _ key: String?, _ sentence: String) {
        problems.append(SettingsProblem(origin(mark), key, sentence))
    }

    func origin(_ mark: Mark?) -> SettingsOrigin { .file(path: path, line: mark?.line) }
}

extension Node {
    /// True for `key:` with nothing after it, and for `null` and `~`.
    var isNothing: Bool {
        guard let scalar else { return false }
        return scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
    }

    /// For "… should stand here, not …".
    var kind: String {
        if mapping != nil { return "keys with values" }
        return sequence != nil ? "a list" : "one value"
    }
}
