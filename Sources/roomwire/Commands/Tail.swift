internal import ArgumentParser
internal import Events
internal import Fetch
internal import Platform
internal import Settings
internal import Wire

/// `roomwire tail`: events in a terminal, as they happen.
struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow events in a terminal; reconnects, and resumes without a gap.",
        discussion: """
            On the relay's machine it makes its own token; elsewhere give one with
            --token or ROOMWIRE_TOKEN. Events go to standard output, messages about the
            connection to standard error.

            Examples:
              roomwire tail
              roomwire tail --room 'call_*' --type 'participant_*' --since 10m
              roomwire tail --json | jq .data.participant.identity
              roomwire tail --json --state place.json | kcat -P -b broker -t rooms
              ROOMWIRE_TOKEN=eyJ... roomwire tail --url https://relay.example.com
              roomwire tail --tail 20 --no-follow
              roomwire tail --snapshot --participant ada
              roomwire tail --diagnose https://relay.example.com

            --state continues after the last line that the reader of standard output has
            taken, also after a crash: each event is printed at least once. A second tail
            with the same file is refused. If the journal no longer has the events after
            that place, the command stops with exit code 3, unless --on-gap says otherwise.

            --diagnose shows no events: it reports whether a proxy on the way to the relay
            delays, cuts or compresses streams, and which of its settings to change. It
            exits with 0 if there is nothing to change, else with 1.
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
            "Begin with the events since a time: a span (10m), an ISO time or epoch milliseconds.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Only events of this identity; may be given several times.", valueName: "identity"))
    var participant: [String] = []

    @Option(help: ArgumentHelp("Begin with this many of the last events.", valueName: "count"))
    var tail: Int?

    @Option(help: ArgumentHelp("End after this many events.", valueName: "count"))
    var limit: Int?

    @Flag(name: .customLong("no-follow"), help: "End when all events so far were printed.")
    var endsAtHead = false

    @Flag(help: "Begin with the open rooms and their participants.")
    var snapshot = false

    @Flag(help: "Print every event as JSON, unchanged, one a line.")
    var json = false

    @Flag(
        help:
            "Include the providers' raw bodies, as roomwire replay needs them. With --token, the token's grant decides."
    )
    var raw = false

    @Option(
        help: ArgumentHelp(
            "With --json: a file that keeps the place in the stream, from which the next run continues.",
            valueName: "file"))
    var state: String?

    @Option(help: ArgumentHelp("Continue after the event with this id.", valueName: "id"))
    var after: String?

    @Option(
        help: ArgumentHelp(
            """
            When events after the last one are missing: stop (exit code 3; the default with --state and --after), continue, or line \
            (continue, and print the relay's resync as a line; with --json).
            """,
            valueName: "what"))
    var onGap: GapPolicy?

    @Option(
        help: ArgumentHelp("Look for proxies that disturb streams on the way to this relay.", valueName: "url"))
    var diagnose: String?

    @OptionGroup var web: WebOptions
    @OptionGroup var options: SettingsOptions

    /// The lifetime of a token that is made here; every connection gets a new one.
    private static let tokenSeconds: Int64 = 3600

    func validate() throws {
        guard state == nil || json else { throw ValidationError("--state goes with --json.") }
        guard state?.isEmpty != true else { throw ValidationError("--state should be the path of a file.") }
        guard after == nil || (state == nil && beginning.isEmpty) else {
            throw ValidationError("--after goes with neither --state, --since, --tail nor --snapshot.")
        }
        guard after.map({ EventID($0) != nil }) ?? true else {
            throw ValidationError("--after should be an event's id, as in 1795201856123-0.")
        }
        guard onGap != .line || json else { throw ValidationError("--on-gap line goes with --json.") }
    }

    func run() async throws {
        let given = [token, SettingsOptions.environment["ROOMWIRE_TOKEN"]].compactMap { $0 }.first { !$0.isEmpty }
        var relayURL = relayURL
        if let diagnose { relayURL.url = diagnose }
        let certificates = try web.certificates()
        let url: RelayURL
        let makeToken: @Sendable () -> String
        if let given {
            // With an address and a token no settings are needed, so errors in them do not matter.
            url = try relayURL.api(relayURL.chosen == nil ? options.load() : Settings(environment: [:]))
            makeToken = { given }
        } else {
            let settings = try options.load()
            url = try relayURL.api(settings)
            makeToken = try ownTokens(settings, url)
        }
        guard diagnose == nil else {
            guard try await Diagnostician(url: url, token: makeToken, certificates: certificates).run() else {
                throw ExitCode(1)
            }
            return
        }
        try await follow(url, certificates, token: makeToken, renewsToken: given == nil)
    }

    private func follow(
        _ url: RelayURL, _ certificates: TrustedCertificates, token: @escaping @Sendable () -> String, renewsToken: Bool
    ) async throws {
        let file = try state.map { (path) throws(Failure) in
            try StateFile(path: path, for: SavedPlace(relay: url.text, filter: filter))
        }
        let subject = Follower.Subject(
            url: url, filter: filter, beginning: beginning, lastEventID: after ?? file?.place.map(\.description),
            gapPolicy: onGap ?? (state == nil && after == nil ? .continue : .stop), limit: limit,
            endsAtHead: endsAtHead, token: token,
            renewsToken: renewsToken, certificates: certificates)
        guard let file else {
            var follower = Follower(subject, take: print())
            return try await follower.run()
        }
        let output = try PlacedOutput(file)
        if let place = file.place { Terminal.notice("continuing after \(place)") }
        var follower = Follower(subject, take: output.take)
        do {
            try await follower.run()
        } catch {
            // The reason counts; what is not saved is written again by the next run.
            try? output.finish()
            throw error
        }
        try output.finish()
    }

    /// Prints without a state file.
    private func print() -> (Follower.Item) -> Void {
        let usesColours = Terminal.usesColours(environment: SettingsOptions.environment)
        let line = EventLine(usesColours: usesColours, timeText: EventLine.localTime)
        return { [json] item in
            guard case .line(let data, let event, _) = item else { return }
            if json { return Terminal.line(data) }
            if let event { return Terminal.line(line.text(event)) }
            for text in SnapshotLines.text(data) ?? [Terminal.harmless(data)] { Terminal.line(text) }
        }
    }

    private var filter: [(name: String, value: String)] {
        room.map { ("room", $0) } + type.map { ("type", $0) } + source.map { ("source", $0) }
            + participant.map { ("participant", $0) }
    }

    private var beginning: [(name: String, value: String)] {
        (since.map { [("since", $0)] } ?? []) + (tail.map { [("tail", String($0))] } ?? [])
            + (snapshot ? [("snapshot", "1")] : [])
    }

    private func ownTokens(_ settings: Settings, _ url: RelayURL) throws -> @Sendable () -> String {
        let isGenerated = settings.tokens.issuers.isEmpty
        // Only the relay of this machine and folder knows the generated secret.
        if isGenerated && !(url.isLocal && DataFolder(path: settings.data).hasTokenSecret) {
            throw Failure.invalid(
                "a token is needed: give --token or ROOMWIRE_TOKEN, or start roomwire serve on this machine first")
        }
        let source = try TokenSource(options.loadCompleted())
        return { [raw] in
            source.mint(user: "tail", raw: raw, admin: false, ttlSeconds: Self.tokenSeconds, now: WallClock.now())
        }
    }
}

extension GapPolicy: ExpressibleByArgument {}
