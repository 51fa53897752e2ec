internal import Events
internal import Fetch
internal import Wire

/// Follows a stream for ever: reconnects where it ended, as a browser's EventSource would.
struct Follower {
    /// What is followed.
    struct Subject: Sendable {
        let url: RelayURL
        /// `room`, `type`, `source` and `participant` with their values.
        let filter: [(name: String, value: String)]
        /// Where to begin, as `since`, `tail` or `snapshot`; only until there is an id to resume from.
        let beginning: [(name: String, value: String)]
        /// How many events to show in all; nil for no end.
        let limit: Int?
        /// A token for the next connection.
        let token: @Sendable () -> String
        /// Whether `token` makes a new one each time, so that one that has expired is no reason to stop.
        let renewsToken: Bool
        /// What the relay's certificate is checked against.
        let certificates: TrustedCertificates
    }

    private let subject: Subject
    /// Takes the event as it came and, read, as it is meant.
    private let show: (String, Event?) -> Void
    /// How many events are still to be shown, if there is a limit.
    private var remaining: Int?

    private var reconnect = Reconnect()
    private var lastEventID: String?
    /// How long nothing may come before the connection counts as dead. Heartbeats come more often; how often the
    /// first event of a stream tells.
    private var idleSeconds: Double = 60
    private var hasComplained = false

    init(_ subject: Subject, show: @escaping (String, Event?) -> Void) {
        self.subject = subject
        self.show = show
        remaining = subject.limit
    }

    /// Goes on until as many events were shown as are wanted, or the relay's answer is a final no.
    mutating func run() async throws {
        while true {
            var retryAfterSeconds: Int?
            do {
                retryAfterSeconds = try await followOnce()
                if remaining == 0 { return }
            } catch let failure as WebFailure {
                complain("cannot reach \(subject.url.text): \(failure.sentence); trying again")
            } catch is EventStreamParser.LineTooLong {
                throw Failure.refused("the stream of \(subject.url.text) has a line that no event can have")
            }
            let wait = reconnect.waitMilliseconds(
                retryAfterSeconds: retryAfterSeconds, random: Double.random(in: 0...1))
            try await Task.sleep(for: .milliseconds(wait))
        }
    }

    /// One connection, until it ends. Gives the seconds that a refusal asks to wait.
    private mutating func followOnce() async throws -> Int? {
        let request = try request()
        var parser = EventStreamParser(lastEventID: lastEventID)
        var refusal: Refusal?
        for try await part in WebClient(trusting: subject.certificates).parts(of: request) {
            switch part {
            case .head(let status, let headers): refusal = try Refusal(status: status, headers: headers)
            case .bytes(let bytes) where refusal != nil: refusal?.append(bytes)
            case .bytes(let bytes):
                for item in try parser.items(bytes) where remaining != 0 { try take(item) }
                if remaining == 0 { return nil }
                // A block without data moves it as well.
                lastEventID = parser.lastEventID
            }
        }
        guard let refusal else { return nil }
        if let failure = refusal.failure { throw failure }
        complain("\(refusal.sentence); trying again")
        return refusal.retryAfterSeconds
    }

    private func request() throws -> WebRequest {
        var parameters = subject.filter
        if lastEventID == nil { parameters += subject.beginning }
        if let remaining { parameters.append((name: "limit", value: String(remaining))) }
        var headers = [
            (name: "Accept", value: "text/event-stream"),
            (name: "Authorization", value: "Bearer \(subject.token())"),
        ]
        if let lastEventID { headers.append((name: "Last-Event-ID", value: lastEventID)) }
        return WebRequest(
            url: try subject.url.address("/events" + HTTPText.query(parameters)), headers: headers,
            silenceMilliseconds: Int(idleSeconds * 1000))
    }

    private mutating func take(_ item: EventStreamParser.Item) throws {
        switch item {
        case .retry(let milliseconds): reconnect.retryMilliseconds = milliseconds
        case .event(_, let data, _):
            switch StreamMessage(data) {
            case .event(let event):
                show(data, event)
                remaining = remaining.map { $0 - 1 }
            case .control(.snapshot, _): show(data, nil)
            case .control(let control, let object): try take(control, object)
            case .other: show(data, nil)
            }
        }
    }

    private mutating func take(_ control: StreamMessage.Control, _ object: JSONObject) throws {
        switch control {
        case .connected:
            reconnect.succeeded()
            if let milliseconds = object["heartbeatMs"]?.double { idleSeconds = max(5, milliseconds / 1000 * 2.5) }

            hasComplained = false
        case .tokenExpired where !subject.renewsToken: throw Failure.refused("the token has expired")
        case .tokenExpired: return
        default: break
        }
        if let notice = StreamMessage.notice(control, object) { Terminal.notice(notice) }
    }

    /// Says that something is wrong once, and not again at every try.
    private mutating func complain(_ sentence: String) {
        if hasComplained { return }
        hasComplained = true
        Terminal.notice(sentence)
    }
}
