internal import Fetch
internal import Webhooks
internal import Wire
internal import Yams

/// Reads `sources.<name>.reconcile`: where a source's provider is asked, and how often.
enum ReconcileReader {
    /// The name of the section.
    static let name = "reconcile"
    /// Whether a member of the section is a secret.
    static func isSecret(_ member: String) -> Bool { member == "api_key" }

    private static let names = ["url", "api_key", "every", "grace"]
    /// Both durations, in milliseconds.
    private static let range: ClosedRange<Int> = 1_000...86_400_000

    static func read(_ section: SettingsReader.Member, _ reader: inout SettingsReader) -> ReconcileSettings? {
        if section.value.isNothing { return nil }
        guard section.value.mapping != nil else {
            reader.report(section.mark, section.key, "keys with values should stand here, as in {every: 60s}")
            return nil
        }
        var settings = ReconcileSettings()
        for member in reader.mapping(section.value, key: section.key) {
            switch member.name {
            case "url": settings.url = reader.text(member.value, key: member.key)
            case "api_key": settings.apiKey = reader.text(member.value, key: member.key)
            case "every": duration(member, \.everyMilliseconds, &settings, &reader)
            case "grace": duration(member, \.graceMilliseconds, &settings, &reader)
            default:
                let near = Suggestion.nearest(to: member.name, of: names).map { "; did you mean \($0)?" } ?? ""
                reader.report(member.mark, member.key, "unknown key" + near)
            }
        }
        return settings
    }

    private static func duration(
        _ member: SettingsReader.Member, _ path: WritableKeyPath<ReconcileSettings, Int64>,
        _ settings: inout ReconcileSettings, _ reader: inout SettingsReader
    ) {
        guard let text = reader.text(member.value, key: member.key) else { return }
        guard let milliseconds = Quantity.milliseconds(text) else {
            return reader.report(member.mark, member.key, "a duration should stand here, as in 60s or 5m")
        }
        guard range.contains(milliseconds) else {
            let sentence =
                milliseconds < range.lowerBound
                ? "the least is \(Quantity.text(milliseconds: range.lowerBound))"
                : "the most is \(Quantity.text(milliseconds: range.upperBound))"
            return reader.report(member.mark, member.key, sentence)
        }
        settings[keyPath: path] = Int64(milliseconds)
    }

    /// What is wrong with the section of a source; nil if it can be used.
    static func fault(_ settings: ReconcileSettings, _ provider: any Provider) -> SourceFault? {
        guard let reconcilable = provider as? any Reconcilable else {
            return SourceFault(setting: name, sentence: "this provider has no API that tells who is in which room")
        }
        if let error = reconcilable.problem(with: settings) {
            return SourceFault(setting: "\(name).\(error.setting)", sentence: error.problem)
        }
        guard let url = settings.url else { return nil }
        do { _ = try APIAddress(url) } catch {
            return SourceFault(setting: "\(name).url", sentence: error.problem)
        }
        return nil
    }
}

extension ReconcileSettings {
    /// An interval or a grace below this is for tests: webhooks take longer, and providers limit requests.
    private static let usualLeastMilliseconds: Int64 = 10_000

    /// The settings for people, without the secret.
    var shown: String {
        var parts: [String] = []
        if let url { parts.append("url \(url)") }
        if apiKey != nil { parts.append("api_key (hidden)") }
        parts.append("every \(Quantity.text(milliseconds: Int(everyMilliseconds)))")
        parts.append("grace \(Quantity.text(milliseconds: Int(graceMilliseconds)))")
        return parts.joined(separator: ", ")
    }

    /// What is allowed and seldom meant.
    /// - Parameter key: the name of the section.
    func warnings(_ key: String) -> [String] {
        var warnings: [String] = []
        if let address = url.flatMap({ try? APIAddress($0) }), !address.isSecure {
            warnings.append(
                "\(key).url is \(address.text): the credentials of its requests can be read on the way; use https:// "
                    + "unless the network is your own")
        }
        if everyMilliseconds < Self.usualLeastMilliseconds {
            warnings.append(
                "\(key).every is \(Quantity.text(milliseconds: Int(everyMilliseconds))): the provider may limit so many "
                    + "requests")
        }
        if graceMilliseconds < Self.usualLeastMilliseconds {
            warnings.append(
                "\(key).grace is \(Quantity.text(milliseconds: Int(graceMilliseconds))): a webhook that the provider "
                    + "repeats takes longer, and counts as lost until it arrives")
        }
        return warnings
    }
}
