internal import Events
internal import Fetch
internal import Wire

/// Follows a stream without end: reconnects after the last event, as a browser's EventSource would.
struct Follower {
    /// What it passes on, in order.
    enum Item {
        /// Data of the stream as it arrived, and the event that it is, if it is one. `place` is the id to resume after.
        case line(data: String, event: Event?, place: String?)
        /// The stream has advanced without data: the id to resume after.
        case place(String)
    }

    /// What is followed.
    struct Subject: Sendable {
        let url: RelayURL
        /// `room`, `type`, `source` and `participant` with their values.
        let filter: [(name: String, value: String)]
        /// Where to begin, as `since`, `tail` or `snapshot`; only until there is an id to resume after.
        let beginning: [(name: String, value: String)]
        /// The id to resume after; nil for `beginning`.
        let lastEventID: String?
        /// What happens if events after that id are missing.
        let gapPolicy: GapPolicy
        /// How many events to pass on in all; nil for no end.
        let limit: Int?
        /// True to end when all events so far were passed on.
        let endsAtHead: Bool
        /// A token for the next connection.
        let token: @Sendable () -> String
        /// Whether `token` makes a new one each time, so that one that has expired is no reason to stop.
        let renewsToken: Bool
        /// What the relay's certificate is checked against.
        let certificates: TrustedCertificates
    }

    private let subject: Subject
    private let take: (Item) -> Void
    /// How many events are still to be passed on, if there is a limit.
    private var remaining: Int?
    /// True until the snapshot that was asked for has arrived: a reconnect must ask for it again.
    private var awaitsSnapshot: Bool

    private var reconnect = Reconnect()
    private var lastEventID: String?
    /// How long a stream may be silent before its connection counts as broken. Heartbeats arrive more often: the first
    /// message of a stream has their interval.
    private var idleSeconds: Double = 60
    private var hasComplained = false
    /// True once the stream has sent everything so far and ended in order.
    private var hasReachedHead = false
    /// True after a message that is the last on a stream which the relay ends early.
    private var isEndedEarly = false

    init(_ subject: Subject, take: @escaping (Item) -> Void) {
        self.subject = subject
        self.take = take
        remaining = subject.limit
        lastEventID = subject.lastEventID
        awaitsSnapshot = subject.lastEventID == nil && subject.beginning.contains { $0.name == "snapshot" }
    }

    /// Returns after `limit` events, or at the head of the journal; throws when trying again cannot help.
    mutating func run() async throws {
        while true {
            var retryAfterSeconds: Int?
            do {
                retryAfterSeconds = try await followOnce()
                if remaining == 0 || hasReachedHead { return }
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

    /// One connection, until it ends. Returns the seconds that a refusal asks to wait.
    private mutating func followOnce() async throws -> Int? {
        let request = try request()
        var parser = EventStreamParser(lastEventID: lastEventID)
        var refusal: Refusal?
        for try await part in WebClient(trusting: subject.certificates).parts(of: request) {
            switch part {
            case .head(let status, let headers): refusal = try Refusal(status: status, headers: headers)
            case .bytes(let bytes) where refusal != nil: refusal?.append(bytes)
            case .bytes(let bytes):
                for item in try parser.items(bytes) where remaining != 0 { try handle(item) }
                if remaining == 0 { return nil }
                // A block without data moves it as well.
                advance(to: parser.lastEventID)
            }
        }
        guard let refusal else {
            hasReachedHead = subject.endsAtHead && !isEndedEarly
            return nil
        }
        if let failure = refusal.failure { throw failure }
        complain("\(refusal.sentence); trying again")
        return refusal.retryAfterSeconds
    }

    private func request() throws -> WebRequest {
        var parameters = subject.filter
        if lastEventID == nil { parameters += subject.beginning }
        if let remaining { parameters.append((name: "limit", value: String(remaining))) }
        if subject.endsAtHead { parameters.append((name: "wait", value: "0")) }
        var headers = [
            (name: "Accept", value: "text/event-stream"),
            (name: "Authorization", value: "Bearer \(subject.token())"),
        ]
        if let lastEventID { headers.append((name: "Last-Event-ID", value: lastEventID)) }
        return WebRequest(
            url: try subject.url.address("/events" + HTTPText.query(parameters)), headers: headers,
            silenceMilliseconds: Int(idleSeconds * 1000))
    }

    private mutating func advance(to id: String?) {
        guard let id, id != lastEventID, !awaitsSnapshot else { return }
        lastEventID = id
        take(.place(id))
    }

    private mutating func handle(_ item: EventStreamParser.Item) throws {
        switch item {
        case .retry(let milliseconds): reconnect.retryMilliseconds = milliseconds
        case .event(_, let data, let id):
            switch StreamMessage(data) {
            case .event(let event):
                pass(data, event, place: id)
                remaining = remaining.map { $0 - 1 }
            case .control(.snapshot, _):
                awaitsSnapshot = false
                pass(data, nil, place: id)
            case .control(.resync, let object): try handleGap(object, data, place: id)
            case .control(let control, let object): try handle(control, object)
            case .other: pass(data, nil, place: nil)
            }
        }
    }

    private mutating func pass(_ data: String, _ event: Event?, place: String?) {
        let place = awaitsSnapshot ? nil : place
        if let place { lastEventID = place }
        take(.line(data: data, event: event, place: place))
    }

    private mutating func handleGap(_ resync: JSONObject, _ data: String, place: String?) throws {
        switch subject.gapPolicy {
        case .stop: throw GapPolicy.failure(after: lastEventID, resync)
        case .continue: break
        case .line: pass(data, nil, place: place)
        }
        if let notice = StreamMessage.notice(.resync, resync) { Terminal.notice(notice) }
    }

    private mutating func handle(_ control: StreamMessage.Control, _ object: JSONObject) throws {
        isEndedEarly = control.endsStreamEarly
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

    /// Reports a problem once, and not again at every attempt.
    private mutating func complain(_ sentence: String) {
        if hasComplained { return }
        hasComplained = true
        Terminal.notice(sentence)
    }
}
