internal import Events
internal import Wire

/// What the data of a stream's event is.
enum StreamMessage {
    /// Something that happened, out of the log.
    case event(Event)
    /// What the relay says about the stream itself. It has no `id` among its members, where events have theirs.
    case control(Control, JSONObject)
    /// Neither: from a relay that is newer, or none.
    case other

    /// The types of what the relay says itself.
    enum Control: WireText {
        case connected, snapshot, resync, draining, refused, heartbeat, closed, revoked, replaced, retire
        case tokenExpiring = "token_expiring"
        case tokenExpired = "token_expired"
    }

    /// Reads the data of one event.
    init(_ data: String) {
        // A provider's own body, for tokens that may see it, stays as it came.
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

    /// What to tell people about a control event; nil for what goes without saying.
    static func notice(_ control: Control, _ object: JSONObject) -> String? {
        let reason = (object["detail"]?.string ?? object["reason"]?.string)?.string
        let because = reason.map { " (\(Terminal.harmless($0)))" } ?? ""
        switch control {
        case .connected:
            let user = object["user"]?.string.map { " as \(Terminal.harmless($0.string))" } ?? ""
            return "connected\(user); the newest event is \(object["newestId"]?.string ?? "unknown")"
        case .resync: return "resync\(because): some events are gone; what is kept follows"
        case .draining: return "the relay is stopping; coming back soon"
        case .closed: return "an administrator has closed the stream"
        case .revoked: return "the token, or its user, was revoked"
        case .replaced: return "a newer stream of the same user has taken this one's place"
        case .refused: return "refused\(because)"
        case .tokenExpired: return "the token has expired"
        case .heartbeat, .snapshot, .tokenExpiring, .retire: return nil
        }
    }
}
