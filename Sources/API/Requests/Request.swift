internal import Access
internal import Events
internal import FrontDoor
internal import Platform
internal import Telemetry
internal import Wire

/// One request with the rules and the time that decide about it. Both are taken once, so a reload during the request
/// changes nothing for it.
struct Request {
    /// The kind of client that a route is for.
    enum Audience {
        /// Senders of webhooks, and tools that monitor the relay.
        case servers
        /// Web pages as well: answers have CORS headers, `OPTIONS` is answered, and the route may ask for a token.
        case pages
        /// Web pages with an EventSource, which shows a refusal to its page only if it is an event on a stream.
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

    /// The same request after it has waited, with the rules and the time of now.
    var afterWait: Request {
        var request = self
        request.rules = shared.rules
        request.now = WallClock.now()
        return request
    }

    /// A segment of the path after the API's prefix, counted from 0.
    func segment(_ index: Int) -> WireText { path[path.startIndex + index] }

    /// The CORS headers of the answer.
    var corsHeaders: [(name: String, value: String)] {
        audience == .servers ? [] : CrossOrigin(rules: rules).headers(http)
    }

    /// Logs that the request became a stream.
    /// - Parameter stream: its id; nil for a stream for diagnosis.
    func noteOpened(stream: UInt64?) {
        shared.requests.opened(LoggedRequest(exchange), stream: stream)
    }

    /// Counts the answer with a page or a list to `identity`; see ``ServedAnswer``.
    func served(to identity: Identity) -> ServedAnswer {
        ServedAnswer(shared.answers, of: identity.principal)
    }

    /// Sends the answer. A large answer counts against ``AnswerCaps`` until the socket has accepted it; if there is no
    /// memory for it, the answer is 503.
    /// - Parameter served: the count of the answer, if it has begun before.
    func reply(_ response: HTTPResponse, served: ServedAnswer? = nil) {
        var response = response
        var served = served
        if response.body.count > Limits.smallAnswerBytes, http.method != "HEAD" {
            let answer = served ?? ServedAnswer(shared.answers, of: nil)
            if answer.setBytes(to: response.body.count) {
                served = answer
            } else {
                response = StreamRefusal.unsent.problem.response
            }
        }
        response.headers += corsHeaders
        exchange.reply(response, holding: served)
    }
}
