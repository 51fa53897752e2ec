internal import ArgumentParser
internal import Foundation
internal import Settings

/// The options for the settings file and the data folder.
struct SettingsOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The settings file. Default: ROOMWIRE_CONFIG, else none.", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "The folder of the journal and generated secrets. Default: the setting data, else ~/.local/share/roomwire.",
            valueName: "folder"))
    var data: String?

    /// The environment of the process.
    static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// True if options or the environment name the relay's settings file or its data folder.
    func saysWhere(_ settings: Settings) -> Bool {
        config != nil || data != nil || settings.origins["data"] != nil
            || Self.environment["ROOMWIRE_CONFIG"]?.isEmpty == false
    }

    /// Reads the settings.
    /// - Throws: a failure with one line for each problem.
    func load(overrides: [String: [String]] = [:]) throws(Failure) -> Settings {
        var overrides = overrides
        if let data { overrides["data"] = [data] }
        let environment = Self.environment
        let file = [config, environment["ROOMWIRE_CONFIG"]].compactMap { $0 }.first { !$0.isEmpty }
        do {
            return try Settings.load(file: file, environment: environment, overrides: overrides)
        } catch {
            let lead = error.problems.count == 1 ? "" : "the settings cannot be used:\n"
            throw .invalid(lead + error.description)
        }
    }

    /// The settings with the secrets and the demo source that the relay on this machine generates.
    func loadCompleted(overrides: [String: [String]] = [:]) throws(Failure) -> Settings {
        let settings = try load(overrides: overrides)
        do {
            return try settings.completed(demo: DataFolder(path: settings.data).hasDemoSource)
        } catch {
            throw .invalid(error.description)
        }
    }

    /// The same options as text, for commands that the user can paste.
    var pasted: String {
        var flags = ""
        if let config { flags += " --config \(config)" }
        if let data { flags += " --data \(data)" }
        return flags
    }
}
