internal import ArgumentParser
internal import Glibc
internal import Platform
internal import Settings
internal import Wire

/// The command.
@main
struct Roomwire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roomwire",
        abstract: "Relays the webhooks of video providers to any number of subscribers, over Server-Sent Events.",
        discussion: """
            To see it work, without any set-up, in two terminals:

              roomwire serve --demo
              roomwire tail
            """,
        version: Version.text,
        subcommands: [Serve.self, Token.self, Send.self, Tail.self, Verify.self, Check.self])

    /// Refuses a misspelt subcommand with the one that is meant; ArgumentParser only calls it unexpected.
    private static func suggestCommand() throws {
        guard let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-") else { return }
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        guard !names.contains(word), let near = Suggestion.nearest(to: word, of: names) else { return }
        throw ValidationError("There is no command \(Terminal.harmless(word)). Did you mean \(near)?")
    }

    /// Runs a subcommand. Failures of ours are one sentence and an exit code; what ArgumentParser throws (help, wrong
    /// usage) it shows itself.
    static func main() async {
        Terminal.openStandardDescriptors()
        do {
            try suggestCommand()
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            Terminal.notice("roomwire: \(failure.sentence)")
            Glibc.exit(failure.exitCode)
        } catch {
            exit(withError: error)
        }
    }
}
