internal import ArgumentParser
internal import Events
internal import Platform
internal import Webhooks
internal import Wire

/// `roomwire verify`: whether captured requests would be accepted.
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check captured requests: whether a source accepts them, or why not, and their events.",
        discussion: """
            FILE holds one raw HTTP request, or a JSON array or JSON lines of
            {"name"?, "headers": {...}, "body" or "bodyBase64", "verifyAt"?}; - is
            standard input. One JSON line is printed for each request:
            {"name":...,"accepted":true,"reason":null,"event":{...}}.
            Exits with 0 if all were accepted, 1 if any was refused, 2 if the file or
            the settings cannot be used.

            Examples:
              roomwire verify --source livekit captured.jsonl
              roomwire verify --source daily --at 1795202975 hook.http
            """)

    @Option(help: ArgumentHelp("The source whose secrets are used.", valueName: "source"))
    var source: String

    @Option(
        help: ArgumentHelp(
            "The time to verify at. Default: the request's own verifyAt, else now.", valueName: "unixtime"))
    var at: Double?

    @Argument(help: ArgumentHelp("The captured requests.", valueName: "file"))
    var file: String

    @OptionGroup var options: SettingsOptions

    func validate() throws {
        if let at, !(at >= 0 && at < 1e11) { throw ValidationError("--at should be a time in Unix seconds.") }
    }

    func run() throws {
        let ready = try ReadySource(named: source, in: options.loadCompleted())
        let captures = try CaptureFile.read(file)
        let now = WallClock.now()
        var isAnyRefused = false
        for capture in captures {
            let clock = at.map { WallTime(milliseconds: Int64($0 * 1000)) } ?? capture.verifyAt ?? now
            let verdict = Verdict(of: capture, by: ready.provider, now: clock)
            isAnyRefused = isAnyRefused || !verdict.isAccepted
            Terminal.line(verdict.json)
        }
        if isAnyRefused { throw ExitCode(1) }
    }
}

/// The verdict on one captured request.
struct Verdict {
    let name: WireText?
    private let outcome: Result<Receipt, Rejection>

    /// The provider's verdict at a time.
    init(of capture: Capture, by provider: any Provider, now: WallTime) {
        name = capture.name
        do {
            outcome = .success(try provider.receive(capture.request, now: now))
        } catch {
            outcome = .failure(error)
        }
    }

    var isAccepted: Bool { (try? outcome.get()) != nil }

    /// One line of JSON, with `reason` and `event` even where they are null.
    var json: String {
        JSONWriter.text { writer in
            writer.object { writer in
                writer.member("name", name.map { JSONValue.string($0) } ?? .null)
                writer.member("accepted", isAccepted)
                switch outcome {
                case .success(let receipt): Self.write(receipt, to: &writer)
                case .failure(let rejection): Self.write(rejection, to: &writer)
                }
            }
        }
    }

    private static func write(_ receipt: Receipt, to writer: inout JSONWriter) {
        writer.member("reason", JSONValue.null)
        switch receipt {
        case .event(let draft):
            writer.name("event")
            draft.event.write(to: &writer, id: nil)
        case .events(let drafts):
            if let last = drafts.last {
                writer.name("event")
                last.event.write(to: &writer, id: nil)
            }
            writer.name("events")
            writer.array { writer in for draft in drafts { draft.event.write(to: &writer, id: nil) } }
        case .answer(let answer):
            writer.member("event", JSONValue.null)
            writer.member("answer", object: { $0.member("status", Int64(answer.status)) })
        }
    }

    private static func write(_ rejection: Rejection, to writer: inout JSONWriter) {
        writer.member("reason", rejection.reason.rawValue)
        writer.member("detail", rejection.detail)
        writer.member("skewSeconds", rejection.skewSeconds)
        writer.member("event", JSONValue.null)
    }
}
