internal import Events
internal import Platform
internal import Settings
internal import Webhooks
internal import Wire

/// Posts the webhooks of a recording to a relay, in order, one after another.
struct Replayer {
    /// What is replayed, and how.
    struct Order {
        /// For people.
        let path: String
        /// The sources to post as, by their names in the recording.
        let sources: [WireText: Target]
        let isDryRun: Bool
        let keepsGoing: Bool
        let speed: Double?
    }

    /// Where the webhooks of one source go.
    struct Target {
        let source: ReadySource
        let poster: Poster
    }

    private let order: Order
    private var reader: LineReader
    private var pace: ReplayPace
    private var progress = ReplayProgress()
    private var startedAt: SteadyTime?
    private(set) var tally = ReplayTally()

    /// Nothing is posted before ``run()``.
    init(_ order: Order, reader: LineReader) {
        self.order = order
        self.reader = reader
        pace = ReplayPace(speed: order.speed)
    }

    /// How long the replay takes at its pace, in seconds.
    var plannedSeconds: Int64 { pace.lastMilliseconds / 1000 }

    /// Posts everything. Stops at the first line that is refused or cannot be read, unless told to keep going.
    mutating func run() async throws {
        defer { progress.clear() }
        while let line = try reader.next() {
            progress.show(tally, reader)
            let recorded: RecordedLine
            do throws(RecordedLine.LineError) { recorded = try RecordedLine(line) } catch {
                tally.unreadable += 1
                try complain("\(place) \(error.problem)", exitCode: 2)
                continue
            }
            switch recorded {
            case .webhook(let webhook): try await handle(webhook)
            case .derived: tally.derived += 1
            case .withoutBody: tally.withoutBody += 1
            case .message, .empty: break
            }
        }
    }

    private var place: String { "\(order.path): line \(reader.number)" }

    private mutating func handle(_ webhook: RecordedLine.Webhook) async throws {
        guard let target = order.sources[webhook.source] else {
            tally.otherSources += 1
            return
        }
        let settings = target.source.settings
        guard webhook.provider == WireText(settings.provider) else {
            throw Failure.invalid(
                Terminal.harmless(
                    "\(place) is of the provider \(webhook.provider), and the source \(settings.name) is of "
                        + settings.provider))
        }
        let due = pace.dueMilliseconds(receivedAt: webhook.receivedAt)
        let provider = target.source.provider
        // The same line has the same id in every replay, so that the relay can tell a repetition.
        let key: WireText = "replay_\(webhook.id)"
        if order.isDryRun {
            let now = WallClock.now()
            let headers = provider.sign(webhook.body, idempotencyKey: key, now: now)
            do throws(Rejection) {
                _ = try provider.receive(WebhookRequest(headers: headers, body: webhook.body), now: now)
                tally.accepted += 1
            } catch {
                try refuse(error.reason.rawValue, error.detail)
            }
            return
        }
        try await wait(untilMilliseconds: due)
        // Signed after the wait: a signature is valid for minutes.
        let headers = provider.sign(webhook.body, idempotencyKey: key, now: WallClock.now())
        let answer = try await target.poster.post(webhook.body, headers: headers)
        if answer.isDuplicate {
            tally.duplicates += 1
        } else if answer.isAccepted {
            tally.accepted += 1
        } else {
            let detail = HTTPText.problemSentence(answer.body) ?? "the answer has no reason"
            try refuse(HTTPText.problemReason(answer.body) ?? "\(answer.status)", "\(answer.status): \(detail)")
        }
    }

    private mutating func wait(untilMilliseconds due: Int64) async throws {
        let start = startedAt ?? .now()
        startedAt = start
        let waitMilliseconds = due - (SteadyTime.now() - start)
        if waitMilliseconds > 0 { try await Task.sleep(for: .milliseconds(waitMilliseconds)) }
    }

    private mutating func refuse(_ reason: String, _ detail: String) throws {
        tally.refuse(reason)
        try complain("\(place) was refused: \(detail)", exitCode: 1)
    }

    private mutating func complain(_ sentence: String, exitCode: Int32) throws {
        let sentence = Terminal.harmless(sentence)
        progress.clear()
        guard order.keepsGoing else {
            throw Failure(sentence: sentence + " (--keep-going goes on)", exitCode: exitCode)
        }
        Terminal.notice(sentence)
    }
}
