internal import ArgumentParser
internal import Events
internal import Foundation
internal import Platform
internal import Webhooks
internal import Wire

/// `roomwire send`: webhooks, signed and posted as the provider would.
struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign webhooks and post them to a relay, as the provider would.",
        discussion: """
            --scenario meeting posts a short sample meeting. --file posts captured
            requests (see roomwire verify), signed anew with the source's secret; the
            relay drops those that it has already. One line is printed for each request:
            status, event, room, and the reason if it was refused. Exits with 1 if any
            was refused. If the relay is busy, a request is sent up to five times.

            Examples:
              roomwire send --source demo --scenario meeting --speed 10
              roomwire send --source livekit --scenario meeting --room call_42
              roomwire send --source livekit --file captured.jsonl
            """)

    /// The scenarios that can be posted.
    enum Scenario: String, ExpressibleByArgument, CaseIterable {
        case meeting
    }

    @Option(help: ArgumentHelp("The source to post to; its secret signs the requests.", valueName: "source"))
    var source: String

    @Option(help: "The scenario to post.")
    var scenario: Scenario?

    @Option(help: ArgumentHelp("Captured requests to post; - is standard input.", valueName: "file"))
    var file: String?

    @Option(
        help: ArgumentHelp(
            "How fast: 1 is real time, 10 is ten times faster. Default: 1; files are sent without waits.",
            valueName: "factor"))
    var speed: Double?

    @Option(help: ArgumentHelp("The meeting's room. Default: a new name.", valueName: "name"))
    var room: String?

    @Option(name: .customLong("repeat"), help: ArgumentHelp("How many times to post everything.", valueName: "count"))
    var times = 1

    @OptionGroup var relayURL: RelayURLOption
    @OptionGroup var web: WebOptions
    @OptionGroup var options: SettingsOptions

    func validate() throws {
        guard (scenario == nil) != (file == nil) else {
            throw ValidationError("Either --scenario meeting or --file should be given.")
        }
        guard file == nil || room == nil else {
            throw ValidationError("--room goes with --scenario; the requests of a file keep their rooms.")
        }
        guard speed.map({ $0 > 0 }) ?? true else { throw ValidationError("--speed should be more than 0.") }
        guard times >= 1 else { throw ValidationError("--repeat should be at least 1.") }
    }

    func run() async throws {
        let settings = try options.loadCompleted()
        let ready = try ReadySource(named: source, in: settings)
        let captures = try file.map { (path) throws(Failure) in try CaptureFile.read(path) }
        let url = try relayURL.api(settings).url("/webhooks/\(HTTPText.escaped(source))")
        let poster = Poster(url: url.absoluteString, trusting: try web.certificates())
        var tally = Tally()
        for _ in 0..<times {
            for step in plan(ready.provider, captures).steps {
                try await post(step, by: ready.provider, with: poster, to: url, &tally)
            }
        }
        Terminal.notice(tally.sentence)
        if tally.refused > 0 { throw ExitCode(1) }
    }

    private func plan(_ provider: any Provider, _ captures: [Capture]?) -> SendPlan {
        if let captures { return .captures(captures, speed: speed) }
        let room = room ?? "call_\(Int.random(in: 100_000...999_999))"
        return .meeting(by: provider, room: room, speed: speed ?? 1, now: WallClock.now())
    }

    private func post(
        _ step: SendPlan.Step, by provider: any Provider, with poster: Poster, to url: URL, _ tally: inout Tally
    ) async throws {
        if step.delaySeconds > 0 { try await Task.sleep(for: .seconds(step.delaySeconds)) }
        let now = WallClock.now()
        let headers = provider.sign(step.body, idempotencyKey: step.idempotencyKey, now: now)
        let request = WebhookRequest(headers: headers, body: step.body, target: WireText(url.path))
        let answer = try await poster.post(step.body, headers: headers)
        tally.count(answer)
        Terminal.line(Self.line(answer, about: try? provider.receive(request, now: now), name: step.name))
    }

    /// Status, event and room, and the reason if it was refused.
    private static func line(_ answer: Poster.Answer, about receipt: Receipt?, name: WireText?) -> String {
        var parts = ["\(answer.status)"]
        if let draft = receipt?.lastDraft {
            parts += [draft.event.type.rawValue.string.padded(to: 22), draft.event.room?.string ?? "-"]
        } else {
            parts.append(name?.string ?? "request")
        }
        if answer.tries > 1 { parts.append("after \(answer.tries) attempts") }
        if !answer.isAccepted { parts.append(HTTPText.problemSentence(answer.body) ?? "refused") }
        return Terminal.harmless(parts.joined(separator: "  "))
    }
}

/// How many requests were accepted and refused.
struct Tally {
    private(set) var accepted = 0
    private(set) var refused = 0

    mutating func count(_ answer: Poster.Answer) {
        if answer.isAccepted { accepted += 1 } else { refused += 1 }
    }

    var sentence: String {
        refused == 0 ? "all \(accepted) accepted" : "\(accepted) accepted, \(refused) refused"
    }
}
