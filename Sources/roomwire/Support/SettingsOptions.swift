internal import ArgumentParser
internal import Foundation
internal import Settings

/// The flags that say where settings and data are.
struct SettingsOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The settings file. Default: ROOMWIRE_CONFIG, else none.", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "The folder with the log and the generated secrets. Default: the setting data, else ~/.local/share/roomwire.",
            valueName: "folder"))
    var data: String?

    /// The environment that counts.
    static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// Whether the caller has said where the relay's settings or data are, by flags or in the environment.
    func saysWhere(_ settings: Settings) -> Bool {
        config != nil || data != nil || settings.origins["data"] != nil
            || Self.environment["ROOMWIRE_CONFIG"]?.isEmpty == false
    }

    /// Reads the settings; what is wrong with them becomes one sentence a line.
    func load(overrides: [String: [String]] = [:]) throws(Failure) -> Settings {
        var overrides = overrides
        if let data { overrides["data"] = [data] }
        let environment = Self.environment
        let file = [config, environment["ROOMWIRE_CONFIG"]].compactMap { $0 }.first { !$0.isEmpty }
        do {
            return try Settings.load(file: file, environment: environment, overrides: overrides)
        } catch {
            let lead = error.problems.count == 1 ? "" : "the settings cannot be used:\n"
            throw .invalidInput(lead + error.description)
        }
    }

    /// The settings with what the relay on this machine has made up, or would make up, for itself.
    func loadCompleted(overrides: [String: [String]] = [:]) throws(Failure) -> Settings {
        let settings = try load(overrides: overrides)
        do {
            return try settings.completed(demo: DataFolder(path: settings.data).hasDemoSource)
        } catch {
            throw .invalidInput(error.description)
        }
    }

    /// The same flags again, for commands that are shown to be pasted.
    var pasted: String {
        var flags = ""
        if let config { flags += " --config \(config)" }
        if let data { flags += " --data \(data)" }
        return flags
    }
}
