internal import Events
internal import Wire

/// Parses the body of the operator's own backend. It is written for this relay, so an error in it is refused with a
/// sentence rather than guessed at.
enum StandardEvent {
    /// The most users in the audience of one event.
    private static let mostUsers = 1000

    /// Reads a body.
    static func read(
        _ body: JSONObject, source: WireText, receivedAt: WallTime
    ) throws(Rejection) -> Event {
        guard let type = body["type"]?.string.flatMap(EventType.init(checking:)) else {
            throw problem("type should be 1 to 64 letters, digits, _ . or -")
        }
        guard !type.isReserved else {
            throw problem("type is \(type.rawValue), which only the relay's own messages have")
        }
        let room = try room(body)
        var event = Event(
            type: type, source: source, provider: WireText(Standard.name), room: room, receivedAt: receivedAt)
        event.users = try users(body)
        event.timestamp = try timestamp(body) ?? receivedAt
        switch body["data"] {
        case nil, .null: break
        case .object(let data): event.data = EventData(data)
        default: throw problem("data should be an object")
        }
        // An event of one of the relay's own types gets `data.room` like any other of that type. An event of the
        // sender's own type is passed on unchanged.
        if let room, event.data.room == nil, event.data.other["room"] == nil, type.namesRoom {
            event.data.room = Room(name: room)
        }
        if let fault = StandardShape.fault(event) { throw problem("\(type.rawValue) \(fault)") }
        return event
    }

    private static func problem(_ sentence: String) -> Rejection {
        Rejection(.malformedBody, "The body is not of the shape of an event: \(sentence).")
    }

    private static func room(_ body: JSONObject) throws(Rejection) -> WireText? {
        guard let value = body["room"], !value.isNull else { return nil }
        guard let room = value.string, !room.isEmpty, room.byteCount <= Limits.nameBytes else {
            throw problem("room should be text of 1 to \(Limits.nameBytes) bytes")
        }
        return room
    }

    private static func users(_ body: JSONObject) throws(Rejection) -> [WireText]? {
        guard let value = body["users"], !value.isNull else { return nil }
        let users = value.array?.compactMap(\.string)
        guard let users, users.count == value.array?.count, users.count <= mostUsers else {
            throw problem("users should be an array of at most \(mostUsers) texts")
        }
        return users
    }

    /// ISO 8601 text, as the specification recommends, or a number: seconds, or milliseconds as in events.
    private static func timestamp(_ body: JSONObject) throws(Rejection) -> WallTime? {
        guard let value = body["timestamp"], !value.isNull else { return nil }
        let time =
            value.string.flatMap { WireTime.time(text: $0) }
            ?? value.double.flatMap { WireTime.time(seconds: $0 > 1e11 ? $0 / 1000 : $0) }
        guard let time else { throw problem("timestamp should be ISO 8601 text or Unix time") }
        return time
    }
}

extension EventType {
    /// True for the relay's own types whose `data.room` clients rely on.
    fileprivate var namesRoom: Bool {
        ["room_", "participant_", "track_", "recording_", "stream_"].contains { rawValue.hasPrefix($0) }
    }
}
