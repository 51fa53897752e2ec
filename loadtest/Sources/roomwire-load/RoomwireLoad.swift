internal import ArgumentParser

/// The load tester's command.
@main
struct RoomwireLoad: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roomwire-load",
        abstract: "Loads a server of Server-Sent Events, measures it, and checks what it shows.",
        discussion: """
            Every stream must show every event once and in order, across reconnects
            too: exits with 1, and a list, if anything was lost, doubled, out of order
            or refused.
            Latencies count from the moment an event should have been published, so that
            waiting in front of a busy server is not left out (no coordinated omission).

            The server is a roomwire at --url, or any other with --subscribe-url,
            --publish-url and --publish-body. Name its processes with --server-pid to
            have processor time and memory measured.

            Examples:
              roomwire-load fanout --streams 5000 --rate 10 --server-pid $(pidof roomwire)
              roomwire-load storm --streams 10000 --json
              roomwire-load fanout --subscribe-url http://127.0.0.1:9000/events \\
                --publish-url http://127.0.0.1:9000/publish \\
                --publish-body '{"id":"{id}"}'
            """,
        subcommands: [
            Idle.self, Fanout.self, Rooms.self, Storm.self, Stall.self, Ingest.self, Churn.self, Soak.self,
            Compare.self, Worker.self,
        ])
}
