internal import ArgumentParser
internal import Events
internal import Platform
internal import Settings
internal import Wire

/// `roomwire token`: a token for a subscriber.
struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a token with which a subscriber may open streams.",
        discussion: """
            The token is signed with the secret of the settings (ROOMWIRE_TOKEN_SECRET,
            or the first issuer with hs256), else with the one that the relay keeps in
            its data folder. Only the token is printed. In patterns * matches any
            characters. Without --room the token covers every room.

            If no relay has run on this machine, no relay would accept the token. Then
            the command stops, unless --data or --config name the relay's folder or
            settings, or --new-secret creates a secret for a relay that starts later.

            Examples:
              roomwire token --user ada --room call_42
              roomwire token --user ada --room 'call_*' --ttl 12h
              roomwire token --user ada --admin --open
              curl -N -H "Authorization: Bearer $(roomwire token --user me)" \\
                http://127.0.0.1:3001/api/events
            """)

    @Option(help: ArgumentHelp("The user, for whom caps count and whom revocations name.", valueName: "user"))
    var user: String

    @Option(help: ArgumentHelp("A room it covers; may be given several times.", valueName: "pattern"))
    var room: [String] = []

    @Option(help: ArgumentHelp("A type of event it covers; may be given several times.", valueName: "pattern"))
    var type: [String] = []

    @Option(help: ArgumentHelp("A source it covers; may be given several times.", valueName: "pattern"))
    var source: [String] = []

    @Flag(help: "Let the token read the providers' raw bodies, too.")
    var raw = false

    @Flag(help: "Let the token use the admin API.")
    var admin = false

    @Flag(help: "Let the token's user be a member of the rooms that it covers.")
    var presence = false

    @Option(help: ArgumentHelp("The token's lifetime: 30m, 12h, 7d.", valueName: "duration"))
    var ttl = "1h"

    @Option(help: ArgumentHelp("The issuer, if the settings have several.", valueName: "name"))
    var issuer: String?

    @Flag(help: "Create a secret in the data folder if it has none, for a relay that starts there later.")
    var newSecret = false

    @Flag(
        help: """
            Print a link to the dashboard that signs in with the token, instead of the token alone, and open it if \
            there is a desktop.
            """)
    var open = false

    @Option(
        help: ArgumentHelp(
            "With --open: the relay's address for browsers. Default: the first address that it listens on.",
            valueName: "address"))
    var url: String?

    @OptionGroup var options: SettingsOptions

    func validate() throws {
        guard url == nil || open else { throw ValidationError("--url goes with --open.") }
        guard !user.isEmpty else { throw ValidationError("--user should not be empty.") }
        do { _ = try scope } catch { throw ValidationError("\(error): --room, --type and --source take patterns.") }
        guard let milliseconds = Quantity.milliseconds(ttl), milliseconds >= 1000 else {
            throw ValidationError("--ttl should be a duration of at least 1s, as in 30m, 12h or 7d.")
        }
    }

    func run() throws {
        try checkPlace(options.load())
        let source = try TokenSource(options.loadCompleted(), issuer: issuer)
        let token = source.mint(
            user: user, scope: try scope, raw: raw, admin: admin, presence: presence,
            ttlSeconds: Int64((Quantity.milliseconds(ttl) ?? 0) / 1000), now: WallClock.now())
        guard open else { return Terminal.line(token) }
        let link = DashboardLink.link(base: try base(), token: token)
        Terminal.line(link)
        // To a pipe or a file, a script writes: it needs no browser window.
        guard Terminal.isWatched else { return }
        if !DashboardLink.open(link, environment: SettingsOptions.environment) {
            Terminal.notice("open it in a browser; the link holds the token, so keep it secret")
        }
    }

    /// The relay's address for browsers.
    private func base() throws(Failure) -> String {
        let settings = try options.load()
        guard settings.dashboard else { throw .refused("the dashboard is switched off (dashboard: false)") }
        if let url { return String(url.hasSuffix("/") ? url.dropLast() : url[...]) }
        return Welcome.base(settings.listen.map(\.description))
    }

    /// Stops if the token would be signed with a new secret, which no relay knows.
    private func checkPlace(_ settings: Settings) throws(Failure) {
        let folder = DataFolder(path: settings.data)
        guard settings.tokens.issuers.isEmpty, !folder.hasTokenSecret, !newSecret, !options.saysWhere(settings) else {
            return
        }
        throw .refused(
            "no relay has run with the data folder \(folder.path), so it holds no secret to make a token with: run this "
                + "as the relay's user, or give --data or --config as for roomwire serve, or set ROOMWIRE_TOKEN_SECRET; "
                + "--new-secret creates a secret there")
    }

    private var scope: EventScope {
        get throws(PatternError) {
            func patterns(_ texts: [String]) throws(PatternError) -> PatternSet {
                texts.isEmpty ? .all : try PatternSet(checking: texts.map { WireText($0) })
            }
            return EventScope(rooms: try patterns(room), types: try patterns(type), sources: try patterns(source))
        }
    }
}
