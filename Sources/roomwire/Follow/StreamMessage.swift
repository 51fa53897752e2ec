internal import Events
internal import Wire

/// The data of one SSE event: an event of the journal, or a message of the relay.
enum StreamMessage {
    /// An event of the journal.
    case event(Event)
    /// A message of the relay about the stream. Unlike an event it has no member `id`.
    case control(Control, JSONObject)
    /// Neither: from a newer relay, or another server.
    case other

    /// The types of the relay's messages.
    enum Control: WireText {
        case connected, snapshot, resync, draining, refused, heartbeat, closed, revoked, replaced, retire
        case tokenExpiring = "token_expiring"
        case tokenExpired = "token_expired"

        /// True if the message is the last on a stream that ends before its request is satisfied.
        var endsStreamEarly: Bool {
            switch self {
            case .draining, .refused, .closed, .revoked, .replaced, .retire, .tokenExpired: true
            case .connected, .snapshot, .resync, .heartbeat, .tokenExpiring: false
            }
        }
    }

    /// Reads the data of one event.
    init(_ data: String) {
        // `raw` may hold lone surrogates, because the relay does not change it.
        guard let json = try? JSONReader.value(Array(data.utf8), loneSurrogates: .replaced).value else {
            self = .other
            return
        }
        if let (_, event) = Event.read(json) {
            self = .event(event)
        } else if let object = json.object, let control = object["type"]?.string.flatMap(Control.init) {
            self = .control(control, object)
        } else {
            self = .other
        }
    }

    /// A line for people about a message; nil for messages that need none.
    static func notice(_ control: Control, _ object: JSONObject) -> String? {
        let reason = (object["detail"]?.string ?? object["reason"]?.string)?.string
        let because = reason.map { " (\(Terminal.harmless($0)))" } ?? ""
        switch control {
        case .connected:
            let user = object["user"]?.string.map { " as \(Terminal.harmless($0.string))" } ?? ""
            return "connected\(user); the newest event is \(object["newestId"]?.string ?? "unknown")"
        case .resync: return "resync\(because): events are missing; continuing with the oldest in the journal"
        case .draining: return "the relay is stopping; reconnecting"
        case .closed: return "an administrator has closed the stream"
        case .revoked: return "the token, or its user, was revoked"
        case .replaced: return "a newer stream of the same user has replaced this one"
        case .refused: return "refused\(because)"
        case .tokenExpired: return "the token has expired"
        case .heartbeat, .snapshot, .tokenExpiring, .retire: return nil
        }
    }
}
