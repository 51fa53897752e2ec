package import Webhooks
internal import Wire
internal import Yams

/// Reads `sources`: by name, each with `provider`, `keys`, `secrets`, `reconcile` and the provider's own options.
package enum SourceReader {
    /// The setting that lists the sources.
    package static let key = "sources"
    private static let names = ["provider", "keys", "secrets", ReconcileReader.name]

    /// Says what a provider finds wrong with a source.
    typealias Check = @Sendable (SourceSettings) -> SourceFault?

    static func read(_ section: SettingsReader.Member, into reader: inout SettingsReader) {
        for member in reader.mapping(section.value, key: section.key) {
            let before = reader.problems.count
            let source = source(member, &reader)
            guard reader.problems.count == before else { continue }
            if let fault = reader.checkSource(source) {
                let place = member.value.mapping?.first { $0.key.string == fault.setting }?.key.mark ?? member.mark
                reader.report(place, "\(member.key).\(fault.setting)", fault.sentence)
            } else {
                reader.settings.sources.append(source)
                reader.settings.origins[member.key] = reader.origin(member.mark)
            }
        }
    }

    private static func source(_ member: SettingsReader.Member, _ reader: inout SettingsReader) -> SourceSettings {
        var source = SourceSettings(name: member.name, provider: "")
        if !isName(member.name) {
            let sentence = "a source's name is letters, digits, _ . and -, since it stands in a path"
            reader.report(member.mark, member.key, sentence)
        }
        for option in reader.mapping(member.value, key: member.key) {
            switch option.name {
            case "provider": source.provider = reader.text(option.value, key: option.key) ?? ""
            case "secrets": source.secrets = reader.texts(option.value, key: option.key)
            case "keys":
                for pair in reader.mapping(option.value, key: option.key) {
                    source.keys[pair.name] = reader.text(pair.value, key: pair.key)
                }
            case ReconcileReader.name: source.reconcile = ReconcileReader.read(option, &reader)
            default: self.option(option, &source, &reader)
            }
        }
        if source.provider.isEmpty && !reader.problems.contains(where: { $0.key == "\(member.key).provider" }) {
            reader.report(member.mark, member.key, "needs a provider, as in provider: livekit")
        }
        return source
    }

    private static func option(
        _ option: SettingsReader.Member, _ source: inout SourceSettings, _ reader: inout SettingsReader
    ) {
        if let near = Suggestion.nearest(to: option.name, of: names) {
            return reader.report(option.mark, option.key, "unknown key; did you mean \(near)?")
        }
        let value = reader.texts(option.value, key: option.key)
        if !value.isEmpty { source.options[option.name] = value.joined(separator: ",") }
    }

    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64 && name != "." && name != ".."
            && name.utf8.allSatisfy { byte in
                (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 || "_.-".utf8.contains(byte)
            }
    }

    /// Asks the provider itself.
    @Sendable static func check(_ source: SourceSettings) -> SourceFault? {
        guard let provider = Providers.named(source.provider) else {
            let known = BadValue.notOneOf(Providers.all.map { $0.name }, source.provider)
            return SourceFault(setting: "provider", sentence: known.sentence)
        }
        do {
            let provider = try provider.init(settings: source.forProvider)
            return source.reconcile.flatMap { ReconcileReader.fault($0, provider) }
        } catch {
            return SourceFault(setting: error.setting, sentence: error.problem)
        }
    }
}

/// What a provider finds wrong with a source.
struct SourceFault: Equatable {
    /// `provider`, `keys`, `secrets`, an option's name, or that of a member of `reconcile`.
    let setting: String
    let sentence: String
}

extension SourceSettings {
    /// In the words of Webhooks.
    package var forProvider: ProviderSettings {
        ProviderSettings(source: WireText(name), keys: keys, secrets: secrets, options: options)
    }
}
