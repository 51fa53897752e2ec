internal import ArgumentParser
internal import Platform
internal import Relay
internal import Settings

/// `roomwire serve`: runs the relay.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the relay.",
        discussion: """
            Works without any settings: it listens on 127.0.0.1:3001, and keeps its
            journal and a generated secret for tokens in a data folder. Settings come
            from a YAML file, from the environment (ROOMWIRE_STREAMS_PER_USER for
            streams.per_user, and so on) and from options, in this order; the last one
            wins. roomwire check shows them. The usual LIVEKIT_API_KEY with LIVEKIT_API_SECRET,
            DAILY_WEBHOOK_SECRET and WHEREBY_WEBHOOK_SECRET set up their providers.

            Examples:
              roomwire serve --demo
              roomwire serve --config /etc/roomwire.yaml
              roomwire serve --listen :3001 --data /var/lib/roomwire
            """)

    @OptionGroup var options: SettingsOptions

    @Option(
        help: ArgumentHelp(
            """
            An address to accept connections on; may be given several times. ":3001" is every address of the machine, \
            "https://:3443" the same over TLS.
            """,
            valueName: "address:port"))
    var listen: [String] = []

    @Flag(help: "Post sample meetings in a loop, signed as a provider would.")
    var demo = false

    func run() async throws {
        // Before anything else: an earlier signal would kill the process.
        let signals = try Signals()
        let overrides = listen.isEmpty ? [:] : ["listen": listen]
        let options = options
        let load: @Sendable () throws -> Settings = {
            do {
                return try options.load(overrides: overrides)
            } catch let failure as Failure {
                throw SettingsRefusal(description: failure.sentence)
            }
        }
        let settings = try options.load(overrides: overrides)
        let relay: Relay
        do {
            relay = try await Relay.start(settings: settings, demo: demo, reload: load)
        } catch {
            let sentence = "the relay could not start: \(error)"
            // After exit code 2 the service manager does not restart the relay: see deploy/systemd.
            throw Relay.needsOperator(error) ? Failure.invalid(sentence) : Failure.refused(sentence)
        }
        // Before anything is printed: a write to a terminal or pipe may block.
        relay.handle(signals)
        for line in Welcome(settings: settings, addresses: relay.addresses, demo: demo, flags: options.pasted).lines {
            Terminal.announce(line)
        }
        announceDashboard(settings, relay)
        await relay.waitUntilStopped()
    }

    private func announceDashboard(_ settings: Settings, _ relay: Relay) {
        guard let completed = try? settings.completed(demo: demo) else { return }
        let line = DashboardLink.announcement(
            completed, base: Welcome.base(relay.addresses), isTerminal: Terminal.isWatched, now: WallClock.now())
        if let line { Terminal.announce(line) }
    }
}

/// Settings that cannot be used, for the log.
private struct SettingsRefusal: Error, CustomStringConvertible {
    let description: String
}

/// What `serve` prints once it runs: its addresses, and commands to paste.
struct Welcome {
    let settings: Settings
    let addresses: [String]
    let demo: Bool
    /// The options with which the other commands find the same settings.
    let flags: String

    var lines: [String] {
        let base = Self.base(addresses)
        let api = base + settings.pathPrefix
        let url = base == "http://127.0.0.1:3001" ? "" : " --url \(base)"
        return ["roomwire listens on \(addresses.map(Self.url).joined(separator: " and "))"]
            + hooks(api)
            + [
                "follow:   roomwire tail\(flags)\(url)",
                "or:       curl -N -H \"Authorization: Bearer $(roomwire token\(flags) --user me)\" \(api)/events",
            ]
    }

    private func hooks(_ api: String) -> [String] {
        if settings.sources.isEmpty && !demo {
            let variables = "LIVEKIT_API_KEY with LIVEKIT_API_SECRET, DAILY_WEBHOOK_SECRET or WHEREBY_WEBHOOK_SECRET"
            return ["webhooks: no source is set up yet; \(variables) set one up, and --demo posts sample meetings"]
        }
        let played = demo ? ["demo:     posting sample meetings"] : []
        return played + settings.sources.map { "webhooks: \(api)/webhooks/\($0.name)  (\($0.provider))" }
    }

    /// The relay's address for clients on this machine.
    static func base(_ addresses: [String]) -> String { addresses.first.map(reachable) ?? "http://127.0.0.1:3001" }

    /// The address to connect to for an address to listen on: all addresses of the machine include loopback.
    private static func reachable(_ address: String) -> String {
        url(address)
            .replacing("://0.0.0.0:", with: "://127.0.0.1:", maxReplacements: 1)
            .replacing("://[::]:", with: "://[::1]:", maxReplacements: 1)
    }

    private static func url(_ address: String) -> String {
        address.contains("://") ? address : "http://\(address)"
    }
}
