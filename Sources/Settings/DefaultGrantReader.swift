internal import Access
internal import Events
internal import Wire
internal import Yams

/// Reads an issuer's `default_grant`: the grant of tokens that say nothing about one, in the words of a token.
enum DefaultGrantReader {
    private static let patterns = ["rooms", "types", "sources"]
    private static let flags = ["raw", "admin", "presence"]

    static func read(_ member: SettingsReader.Member, _ reader: inout SettingsReader) -> Grant? {
        var sets: [String: PatternSet] = [:]
        var truths: [String: Bool] = [:]
        let before = reader.problems.count
        for part in reader.mapping(member.value, key: member.key) {
            if patterns.contains(part.name) {
                let texts = reader.texts(part.value, key: part.key).map { WireText($0) }
                do { sets[part.name] = try PatternSet(checking: texts) } catch {
                    reader.report(part.mark, part.key, "\(error)")
                }
            } else if flags.contains(part.name) {
                truths[part.name] = truth(part, &reader)
            } else {
                reader.report(part.mark, part.key, BadValue.notOneOf(patterns + flags, part.name).sentence)
            }
        }
        guard reader.problems.count == before else { return nil }
        guard let rooms = sets["rooms"] else {
            reader.report(member.mark, member.key, "needs rooms, if only as []")
            return nil
        }
        return Grant(
            scope: EventScope(rooms: rooms, types: sets["types"] ?? .all, sources: sets["sources"] ?? .all),
            raw: truths["raw"] ?? false, admin: truths["admin"] ?? false, presence: truths["presence"] ?? false)
    }

    private static func truth(_ member: SettingsReader.Member, _ reader: inout SettingsReader) -> Bool? {
        guard let text = reader.text(member.value, key: member.key) else { return nil }
        do { return try Setting.truth(text) } catch {
            reader.report(member.mark, member.key, error.sentence)
            return nil
        }
    }

    /// For people: what it covers, and `raw`, `admin` and `presence` if it allows them.
    static func text(_ grant: Grant) -> String {
        let sets = [("rooms", grant.scope.rooms), ("types", grant.scope.types), ("sources", grant.scope.sources)]
        var words = sets.filter { $0.0 == "rooms" || $0.1 != .all }.map { name, set in
            "\(name) \(set.patterns.isEmpty ? "none" : set.patterns.map(\.text.string).joined(separator: " "))"
        }
        if grant.raw { words.append("raw") }
        if grant.admin { words.append("admin") }
        if grant.presence { words.append("presence") }
        return "(\(words.joined(separator: ", ")))"
    }
}
