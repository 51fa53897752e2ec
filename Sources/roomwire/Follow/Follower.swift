internal import Events
internal import Foundation
internal import FoundationNetworking

/// Follows a stream for ever: reconnects where it ended, as a browser's EventSource would.
struct Follower {
    /// What is followed.
    struct Subject: Sendable {
        let url: RelayURL
        /// `room`, `type` and `source` with their values.
        let filter: [(name: String, value: String)]
        /// Where to begin; only until there is an id to resume from.
        let since: String?
        /// A token for the next connection.
        let token: @Sendable () async throws -> String
        /// Whether `token` makes a new one each time, so that one that has expired is no reason to stop.
        let renewsToken: Bool
    }

    private let subject: Subject
    /// Takes the event as it came and, read, as it is meant.
    private let show: (String, Event?) -> Void

    private var reconnect = Reconnect()
    private var lastEventID: String?
    /// How long nothing may come before the connection counts as dead. Heartbeats come more often; how often the
    /// first event of a stream tells.
    private var idleSeconds: Double = 60
    private var hasComplained = false

    init(_ subject: Subject, show: @escaping (String, Event?) -> Void) {
        self.subject = subject
        self.show = show
    }

    /// Goes on until the relay's answer is a final no.
    mutating func run() async throws {
        while true {
            var retryAfterSeconds: Int?
            do {
                retryAfterSeconds = try await followOnce()
            } catch let error as URLError {
                complain("cannot reach \(subject.url.text): \(Self.sentence(error)); trying again")
            } catch is StreamedResponse.FellBehind {
                Terminal.notice("the output is slower than the events; asking for the rest again")
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
        let response = StreamedResponse(try await request())
        var parser = EventStreamParser(lastEventID: lastEventID)
        var refusal: Refusal?
        for try await part in response.parts {
            switch part {
            case .head(let status, let headers): refusal = try Refusal(status: status, headers: headers)
            case .bytes(let bytes) where refusal != nil: refusal?.append(bytes)
            case .bytes(let bytes):
                for item in try parser.items(bytes) { try take(item) }
            }
        }
        guard let refusal else { return nil }
        if let failure = refusal.failure { throw failure }
        complain("\(refusal.sentence); trying again")
        return refusal.retryAfterSeconds
    }

    private func request() async throws -> URLRequest {
        var parameters = subject.filter
        if let since = subject.since, lastEventID == nil { parameters.append((name: "since", value: since)) }
        var request = URLRequest(url: try subject.url.url("/events" + HTTPText.query(parameters)))
        request.timeoutInterval = idleSeconds
        request.setValue("roomwire", forHTTPHeaderField: "User-Agent")
        request.setValue("text/event-stream", forHTTPHeaderField: "Accept")
        request.setValue("Bearer \(try await subject.token())", forHTTPHeaderField: "Authorization")
        if let lastEventID { request.setValue(lastEventID, forHTTPHeaderField: "Last-Event-ID") }
        return request
    }

    private mutating func take(_ item: EventStreamParser.Item) throws {
        switch item {
        case .retry(let milliseconds): reconnect.retryMilliseconds = milliseconds
        case .event(_, let data, let id):
            if let id { lastEventID = id }
            switch StreamMessage(data) {
            case .event(let event): show(data, event)
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
            // Resuming at the head loses nothing if the connection breaks before the first event.
            if lastEventID == nil && subject.since == nil { lastEventID = object["newestId"]?.string?.string }
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

    static func sentence(_ error: URLError) -> String {
        switch error.code {
        case .cannotConnectToHost: "nobody listens there"
        case .cannotFindHost, .dnsLookupFailed: "there is no such host"
        case .timedOut: "no answer in time"
        case .networkConnectionLost: "the connection broke"
        case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate: "TLS failed"
        default: error.localizedDescription
        }
    }
}
