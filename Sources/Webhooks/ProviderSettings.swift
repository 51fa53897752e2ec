internal import Events
package import Wire

/// The settings of a source: secrets and options, by their names in the settings file.
package struct ProviderSettings: Sendable {
    /// The source's name, the last segment of the webhook's path.
    package var source: WireText
    /// LiveKit: secrets by API key.
    package var keys: [String: String]
    /// Shared secrets. A webhook may be signed with any of them: there are several during a rotation.
    package var secrets: [String]
    /// Further settings of the provider, by name, for instance Daily's `basic_auth` or the window against replays.
    package var options: [String: String]

    /// Settings of the source `source`.
    package init(
        source: WireText, keys: [String: String] = [:], secrets: [String] = [], options: [String: String] = [:]
    ) {
        self.source = source
        self.keys = keys
        self.secrets = secrets
        self.options = options
    }
}

/// An error in a source's settings: one sentence for the operator, without any secret in it.
package struct ProviderSettingsError: Error, Sendable, Equatable {
    /// The name of the setting: `secrets`, `keys`, or an option's.
    package let setting: String
    /// The problem.
    package let problem: String

    /// An error about one setting.
    package init(setting: String, problem: String) {
        self.setting = setting
        self.problem = problem
    }
}

extension ProviderSettings {
    /// The options of every provider. None of them is secret.
    package static let commonOptions: Set = [Redaction.option]

    /// Refuses unknown options, since a misspelt option would silently have no effect.
    func allowOptions(_ known: Set<String>) throws(ProviderSettingsError) {
        for name in options.keys.sorted() where !known.contains(name) && !Self.commonOptions.contains(name) {
            throw ProviderSettingsError(setting: name, problem: "is no setting of this provider")
        }
    }

    /// Refuses `keys`, which only LiveKit has. `sentence` says what the provider needs instead.
    func refuseKeys(_ sentence: String) throws(ProviderSettingsError) {
        guard keys.isEmpty else { throw ProviderSettingsError(setting: "keys", problem: sentence) }
    }

    /// The secrets, of which there must be at least one and none empty.
    func requiredSecrets() throws(ProviderSettingsError) -> [String] {
        guard !secrets.isEmpty else {
            throw ProviderSettingsError(setting: "secrets", problem: "at least one secret is needed")
        }
        guard !secrets.contains("") else {
            throw ProviderSettingsError(setting: "secrets", problem: "a secret is empty")
        }
        guard secrets.count <= Limits.sourceSecrets else {
            throw ProviderSettingsError(
                setting: "secrets",
                problem: "there are \(secrets.count), and a source takes \(Limits.sourceSecrets) at most: drop old ones"
            )
        }
        return secrets
    }

    /// An option that is a list of words, separated by commas or blanks.
    func list(_ option: String) -> [String] {
        (options[option] ?? "").split { $0 == "," || $0 == " " }.map(String.init)
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
