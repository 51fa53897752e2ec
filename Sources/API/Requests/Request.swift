internal import Access
internal import Events
internal import FrontDoor
internal import Platform
internal import Telemetry
internal import Wire

/// One request, taken once: what was asked, the rules that it is judged by, and when.
struct Request {
    /// Which clients a route is for.
    enum Audience {
        /// Senders of webhooks, and what looks after the relay.
        case servers
        /// Pages too: the answers say which origins may read them, `OPTIONS` is answered, and tokens may be asked for.
        case pages
        /// Pages with an EventSource, which shows nothing of a refusal unless that is an event on a stream.
        case eventSources
    }

    let exchange: any HTTPExchange
    let shared: SharedState
    let http: HTTPRequest
    /// The segments of the path after the API's prefix.
    let path: ArraySlice<WireText>
    let audience: Audience
    private(set) var rules: Rules
    private(set) var now: WallTime

    init(
        _ exchange: any HTTPExchange, _ http: HTTPRequest, path: ArraySlice<WireText>, audience: Audience,
        rules: Rules, shared: SharedState, now: WallTime
    ) {
        self.exchange = exchange
        self.shared = shared
        self.http = http
        self.path = path
        self.audience = audience
        self.rules = rules
        self.now = now
    }

    /// The same request, after it has waited: with the rules that are in force now, and the time that it is now.
    var afterWait: Request {
        var request = self
        request.rules = shared.rules
        request.now = WallClock.now()
        return request
    }

    /// A segment of the path after the API's prefix, counted from 0.
    func segment(_ index: Int) -> WireText { path[path.startIndex + index] }

    /// The CORS headers of an answer: none unless the request's origin is listed.
    var corsHeaders: [(name: String, value: String)] {
        audience == .servers ? [] : CrossOrigin(rules: rules).headers(http)
    }

    /// Writes a line into the log: the request became a stream; one without a number if it is for diagnosis.
    func noteOpened(stream: UInt64?) {
        shared.requests.opened(LoggedRequest(exchange), stream: stream)
    }

    /// The answer of a page or a list to `identity`; see ``ServedAnswer``.
    func served(to identity: Identity) -> ServedAnswer {
        ServedAnswer(shared.answers, of: identity.principal)
    }

    /// Answers. A large answer counts until it is sent.
    /// - Parameter served: the count of the answer, where it has begun before.
    func reply(_ response: HTTPResponse, served: ServedAnswer? = nil) {
        var response = response
        var served = served
        if response.body.count > Limits.smallAnswerBytes, http.method != "HEAD" {
            let answer = served ?? ServedAnswer(shared.answers, of: nil)
            if answer.settle(at: response.body.count) {
                served = answer
            } else {
                response = StreamRefusal.unsent.problem.response
            }
        }
        response.headers += corsHeaders
        exchange.reply(response, holding: served)
    }
}
