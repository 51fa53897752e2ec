internal import ArgumentParser

/// The load tester's command.
@main
struct RoomwireLoad: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roomwire-load",
        abstract: "Loads a server of Server-Sent Events, measures it, and checks what it shows.",
        discussion: """
            Every stream must show every event once and in order: exits with 1, and a list,
            if anything was lost, doubled, out of order or refused. The server is a roomwire at --url, or any other with --subscribe-url,
            --publish-url and --publish-body. Name its processes with --server-pid to
            have processor time and memory measured.

            Examples:
              roomwire-load fanout --streams 5000 --rate 10 --server-pid $(pidof roomwire)
              roomwire-load idle --streams 5000 --json
            """,
        subcommands: [Idle.self, Fanout.self, Connect.self, Resume.self, Compare.self])
}
