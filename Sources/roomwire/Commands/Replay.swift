internal import ArgumentParser
internal import Fetch
internal import Foundation
internal import Platform
internal import Settings
internal import Wire

/// `roomwire replay`: a recording's webhooks, posted to another relay.
struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Post the webhooks of a recording to another relay, to test an upgrade.",
        discussion: """
            FILE is what roomwire tail --json --raw printed; - is standard input. The raw
            body of each event is signed anew with the secret of its source, from the
            settings or the environment, and posted in the order of the file. Events that
            the relay made itself are left out: the other relay makes them again. LiveKit,
            Daily and Whereby have ids in their bodies, so that what the other relay has
            already is a duplicate; for other sources the id is that of the recording.

            The last line says how many webhooks were sent, accepted, duplicate, and
            refused by reason. Exits with 0 if none was refused, 1 if one was or the relay
            cannot be reached, 2 if a line or the settings cannot be used.

            Examples:
              roomwire tail --json --raw --since 24h --no-follow > day.ndjson
              roomwire replay day.ndjson --source livekit --url http://127.0.0.1:3002
              roomwire replay day.ndjson --source livekit --speed max --dry-run \\
                --url http://127.0.0.1:3002
            """)

    /// How fast a recording is posted.
    struct Speed: ExpressibleByArgument {
        /// Nil for as fast as the relay answers.
        let factor: Double?

        init?(argument: String) {
            if argument == "max" {
                factor = nil
            } else {
                guard let factor = Double(argument), factor > 0, factor.isFinite else { return nil }
                self.factor = factor
            }
        }
    }

    @Argument(help: ArgumentHelp("The recording.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("A source to post as; may be given several times.", valueName: "source"))
    var source: [String]

    @Option(
        help: ArgumentHelp("With one --source: its name in the recording. Default: the same.", valueName: "source"))
    var from: String?

    @Option(
        help: ArgumentHelp(
            "How fast: 1 is as recorded, 10 is ten times faster, max without waits.", valueName: "factor"))
    var speed: Speed?

    @Flag(help: "Read, sign and verify everything, and post nothing.")
    var dryRun = false

    @Flag(help: "Do not stop at the first webhook that is refused, or line that cannot be read.")
    var keepGoing = false

    @OptionGroup var relayURL: RelayURLOption
    @OptionGroup var web: WebOptions
    @OptionGroup var options: SettingsOptions

    func validate() throws {
        guard from == nil || source.count == 1 else { throw ValidationError("--from goes with one --source.") }
        guard relayURL.chosen != nil else {
            throw ValidationError("--url, or ROOMWIRE_URL, should be the address of the relay to post to.")
        }
    }

    func run() async throws {
        let settings = try options.loadCompleted()
        let url = try relayURL.api(settings)
        let certificates = try web.certificates()
        var targets: [WireText: Replayer.Target] = [:]
        for name in source {
            let address = try url.url("/webhooks/\(HTTPText.escaped(name))").absoluteString
            targets[WireText(from ?? name)] = Replayer.Target(
                source: try ReadySource(named: name, in: settings),
                poster: Poster(url: address, trusting: certificates))
        }
        let order = Replayer.Order(
            path: file == "-" ? "standard input" : file, sources: targets, isDryRun: dryRun, keepsGoing: keepGoing,
            speed: speed == nil ? 1 : speed?.factor)
        let reader = try LineReader(path: file, mostLineBytes: Limits.streamLineBytes)
        var replayer = Replayer(order, reader: reader)
        let result: Result<Void, any Error>
        do { result = .success(try await replayer.run()) } catch { result = .failure(error) }
        let tally = replayer.tally
        Terminal.line(tally.summary(isDryRun: dryRun))
        try result.get()
        if dryRun, replayer.plannedSeconds > 0 { Terminal.line("at this speed it takes \(replayer.plannedSeconds) s") }
        if tally.sent == 0, tally.withoutBody > 0 {
            throw Failure.invalid("no event of \(order.path) has its raw body; record with roomwire tail --json --raw")
        }
        if !tally.isGood { throw ExitCode(1) }
    }
}
