/// Settings that cannot be used: everything that is wrong with them, not only the first thing.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, in the order in which it was met.
    package let problems: [SettingsProblem]

    /// An error of these problems, at least one.
    package init(problems: [SettingsProblem]) {
        self.problems = problems
    }

    /// One problem on each line.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// One thing that is wrong. It may quote a value of a setting that is no secret, never one that is or may be.
package struct SettingsProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where the setting came from.
    package let origin: SettingsOrigin
    /// The setting's full name, for instance `streams.per_user`; nil when it is about the file as a whole.
    package let key: String?
    /// What is wrong, as one sentence without a full stop.
    package let sentence: String

    /// A problem of one setting.
    package init(_ origin: SettingsOrigin, _ key: String?, _ sentence: String) {
        self.origin = origin
        self.key = key
        self.sentence = sentence
    }

    /// `roomwire.yaml:7: streams.per_user: …` for a file, `ROOMWIRE_STREAMS_PER_USER: …` for the environment,
    /// `--listen: …` for a flag.
    package var description: String {
        switch (origin, key) {
        case (.file, let key?): "\(origin): \(key): \(sentence)"
        default: "\(origin): \(sentence)"
        }
    }
}

/// Where a setting came from.
package enum SettingsOrigin: Sendable, Equatable, CustomStringConvertible {
    /// Nobody chose it.
    case standard
    /// The settings file; lines count from 1, nil is the file as a whole.
    case file(path: String, line: Int?)
    /// A variable of the environment.
    case environment(String)
    /// A flag of the command.
    case flag(String)
    /// Made up by the relay, and kept in this file of the data folder.
    case generated(String)

    /// For people: `default`, `roomwire.yaml:7`, `ROOMWIRE_DATA`, `--data`.
    package var description: String {
        switch self {
        case .standard: "default"
        case .file(let path, let line?): "\(path):\(line)"
        case .file(let path, nil): path
        case .environment(let name), .flag(let name): name
        case .generated(let path): "generated, kept in \(path)"
        }
    }
}

/// Why a value does not do for a setting, as a sentence; the reader adds where it stood.
package struct BadValue: Error {
    let sentence: String

    init(_ sentence: String) {
        self.sentence = sentence
    }
}
