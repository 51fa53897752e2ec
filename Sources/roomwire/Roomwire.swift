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
            To try it without any set-up, in two terminals:

              roomwire serve --demo
              roomwire tail
            """,
        version: Version.text,
        subcommands: [Serve.self, Token.self, Send.self, Replay.self, Tail.self, Verify.self, Check.self])

    /// Suggests a subcommand for a misspelt one; ArgumentParser only calls it unexpected.
    private static func suggestCommand() throws {
        guard let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-") else { return }
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        guard !names.contains(word), let near = Suggestion.nearest(to: word, of: names) else { return }
        throw ValidationError("There is no command \(Terminal.harmless(word)). Did you mean \(near)?")
    }

    /// Runs a subcommand. A ``Failure`` is one sentence and an exit code; ArgumentParser prints its own errors (help,
    /// wrong usage).
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
