public import Wire

/// What a source is set up with: secrets and options, by the words of the settings file.
public struct ProviderSettings: Sendable {
    /// The source's name, the last segment of the webhook's path.
    public var source: WireText
    /// LiveKit: secrets by API key.
    public var keys: [String: String]
    /// Shared secrets, any of which may have signed: several during a rotation.
    public var secrets: [String]
    /// Further settings of the provider, by name, for instance Daily's `basic_auth` or the window against replays.
    public var options: [String: String]

    /// Settings of the source `source`.
    public init(
        source: WireText, keys: [String: String] = [:], secrets: [String] = [], options: [String: String] = [:]
    ) {
        self.source = source
        self.keys = keys
        self.secrets = secrets
        self.options = options
    }
}

/// Settings a provider cannot work with: one sentence for the operator, without any secret in it.
public struct ProviderSettingsError: Error, Sendable, Equatable {
    /// The name of the setting: `secrets`, `keys`, or an option's.
    public let setting: String
    /// What is wrong with it.
    public let problem: String

    /// An error about one setting.
    public init(setting: String, problem: String) {
        self.setting = setting
        self.problem = problem
    }
}

extension ProviderSettings {
    /// Refuses options that the provider does not know: a misspelt one would silently do nothing.
    func allowOptions(_ known: Set<String>) throws(ProviderSettingsError) {
        for name in options.keys.sorted() where !known.contains(name) {
            throw ProviderSettingsError(setting: name, problem: "is no setting of this provider")
        }
    }

    /// The secrets, of which there must be at least one and none empty.
    func requiredSecrets() throws(ProviderSettingsError) -> [String] {
        guard !secrets.isEmpty else {
            throw ProviderSettingsError(setting: "secrets", problem: "at least one secret is needed")
        }
        guard !secrets.contains("") else {
            throw ProviderSettingsError(setting: "secrets", problem: "a secret is empty")
        }
        return secrets
    }

    /// An option that is a number of seconds, 0 or more.
    func seconds(_ option: String, default standard: Double) throws(ProviderSettingsError) -> Double {
        guard let text = options[option] else { return standard }
        guard let seconds = Double(text), seconds.isFinite, seconds >= 0 else {
            throw ProviderSettingsError(setting: option, problem: "is no number of seconds")
        }
        return seconds
    }
}
