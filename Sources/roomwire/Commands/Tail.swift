internal import ArgumentParser
internal import Events
internal import Platform
internal import Settings
internal import Wire

/// `roomwire tail`: events in a terminal, as they happen.
struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow events in a terminal; reconnects, and resumes without a gap.",
        discussion: """
            On the machine that serves it makes its own token; elsewhere give one with
            --token or ROOMWIRE_TOKEN. Events go to standard output, everything about
            the connection to standard error.

            Examples:
              roomwire tail
              roomwire tail --room 'call_*' --type 'participant_*' --since 10m
              roomwire tail --json | jq .data.participant.identity
              ROOMWIRE_TOKEN=eyJ... roomwire tail --url https://relay.example.com
              roomwire tail --tail 20 --limit 20
              roomwire tail --snapshot --participant ada
              roomwire tail --diagnose https://relay.example.com

            --diagnose shows no events: it says whether something between here and the
            relay holds streams back, cuts or compresses them, and which setting of
            which proxy mends that. It exits with 0 if there is nothing to mend, else 1.
            """)

    @OptionGroup var relayURL: RelayURLOption

    @Option(help: ArgumentHelp("The token. Default: ROOMWIRE_TOKEN, else one made here.", valueName: "token"))
    var token: String?

    @Option(help: ArgumentHelp("Only this room; may be given several times.", valueName: "pattern"))
    var room: [String] = []

    @Option(help: ArgumentHelp("Only this type of event; may be given several times.", valueName: "pattern"))
    var type: [String] = []

    @Option(help: ArgumentHelp("Only this source; may be given several times.", valueName: "pattern"))
    var source: [String] = []

    @Option(
        help: ArgumentHelp(
            "Begin with what happened since then: a span (10m), an ISO time or epoch milliseconds.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Only events of this identity; may be given several times.", valueName: "identity"))
    var participant: [String] = []

    @Option(help: ArgumentHelp("Begin with the last so many events.", valueName: "count"))
    var tail: Int?

    @Option(help: ArgumentHelp("End after so many events.", valueName: "count"))
    var limit: Int?

    @Flag(help: "Begin with the rooms that are open, and who is inside.")
    var snapshot = false

    @Flag(help: "Print every event as the JSON that came, one a line.")
    var json = false

    @Option(
        help: ArgumentHelp("Look for proxies that spoil streams on the way to this relay.", valueName: "url"))
    var diagnose: String?

    @OptionGroup var web: WebOptions
    @OptionGroup var options: SettingsOptions

    /// How long a token made here is valid; every connection makes a new one.
    private static let tokenSeconds: Int64 = 3600

    func run() async throws {
        let given = [token, SettingsOptions.environment["ROOMWIRE_TOKEN"]].compactMap { $0 }.first { !$0.isEmpty }
        var relayURL = relayURL
        if let diagnose { relayURL.url = diagnose }
        let certificates = try web.certificates()
        let url: RelayURL
        let makeToken: @Sendable () -> String
        if let given {
            // Whoever brings address and token needs no settings, so nothing that is wrong with them matters.
            url = try relayURL.api(relayURL.chosen == nil ? options.load() : Settings(environment: [:]))
            makeToken = { given }
        } else {
            let settings = try options.load()
            url = try relayURL.api(settings)
            makeToken = try Self.ownTokens(settings, url, options)
        }
        guard diagnose == nil else {
            guard try await Diagnostician(url: url, token: makeToken, certificates: certificates).run() else {
                throw ExitCode(1)
            }
            return
        }
        let usesColours = Terminal.usesColours(environment: SettingsOptions.environment)
        let line = EventLine(usesColours: usesColours, timeText: EventLine.localTime)
        let subject = Follower.Subject(
            url: url, filter: filter, beginning: beginning, limit: limit, token: makeToken, renewsToken: given == nil,
            certificates: certificates)
        var follower = Follower(subject) { [json] data, event in
            if json { return Terminal.line(data) }
            if let event { return Terminal.line(line.text(event)) }
            for text in SnapshotLines.text(data) ?? [Terminal.harmless(data)] { Terminal.line(text) }
        }
        try await follower.run()
    }

    private var filter: [(name: String, value: String)] {
        room.map { ("room", $0) } + type.map { ("type", $0) } + source.map { ("source", $0) }
            + participant.map { ("participant", $0) }
    }

    private var beginning: [(name: String, value: String)] {
        (since.map { [("since", $0)] } ?? []) + (tail.map { [("tail", String($0))] } ?? [])
            + (snapshot ? [("snapshot", "1")] : [])
    }

    private static func ownTokens(
        _ settings: Settings, _ url: RelayURL, _ options: SettingsOptions
    ) throws -> @Sendable () -> String {
        let isGenerated = settings.tokens.issuers.isEmpty
        // The made-up secret is known to the relay of this machine and folder alone.
        if isGenerated && !(url.isLocal && DataFolder(path: settings.data).hasTokenSecret) {
            throw Failure.invalidInput(
                "a token is needed: give --token or ROOMWIRE_TOKEN, or run roomwire serve on this machine first")
        }
        let source = try TokenSource(options.loadCompleted())
        return {
            source.mint(user: "tail", raw: false, admin: false, ttlSeconds: tokenSeconds, now: WallClock.now())
        }
    }
}
