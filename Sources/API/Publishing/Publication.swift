internal import Access
internal import Crypto
internal import Events
internal import FrontDoor
internal import Wire

/// An event that a client publishes, as its request describes it. Who sends it, and through which source, is not for the
/// request to say.
struct Publication {
    private static let members: [WireText] = ["type", "room", "data", "users", "ephemeral"]

    let type: EventType
    let room: WireText?
    let data: JSONObject
    /// The audience; nil for no audience.
    let users: [WireText]?
    let isEphemeral: Bool

    /// Reads a body.
    init(_ body: [UInt8], most bytes: Int) throws(ClientRefusal) {
        guard body.count <= bytes else {
            throw ClientRefusal(.bodyTooLarge, "The body has more than \(bytes) bytes.")
        }
        guard let object = try? JSONReader.value(body).object else {
            throw Self.mistake(#"the body is no JSON object, such as {"type":"typing","room":"call_42"}"#)
        }
        guard object.members.allSatisfy({ Self.members.contains($0.name) }) else {
            throw Self.mistake(
                "the members are type, room, data, users and ephemeral; user, issuer and source are the relay's to set")
        }
        guard let type = object["type"]?.string.flatMap(EventType.init(checking:)) else {
            throw Self.mistake("type is 1 to 64 letters, digits, _ . and -")
        }
        self.type = type
        room = try Self.room(object)
        users = try Self.users(object)
        switch object["data"] {
        case nil, .null: data = [:]
        case .object(let object): data = object
        default: throw Self.mistake("data is an object")
        }
        switch object["ephemeral"] {
        case nil, .null: isEphemeral = false
        case .bool(let flag): isEphemeral = flag
        default: throw Self.mistake("ephemeral is true or false")
        }
    }

    private static func mistake(_ clause: String) -> ClientRefusal {
        ClientRefusal(.badEvent, "This is no event: \(clause).")
    }

    private static func room(_ object: JSONObject) throws(ClientRefusal) -> WireText? {
        guard let value = object["room"], !value.isNull else { return nil }
        guard let room = value.string, isName(room) else {
            throw mistake("room is a name of 1 to \(Limits.nameBytes) bytes without control characters")
        }
        return room
    }

    private static func users(_ object: JSONObject) throws(ClientRefusal) -> [WireText]? {
        guard let value = object["users"], !value.isNull else { return nil }
        let users = value.array?.compactMap(\.string)
        guard let users, users.count == value.array?.count, users.count <= Limits.audienceUsers,
            users.allSatisfy(isName)
        else { throw mistake("users is a list of at most \(Limits.audienceUsers) names") }
        return users
    }

    private static func isName(_ text: WireText) -> Bool {
        (1...Limits.nameBytes).contains(text.byteCount) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// Checks that a grant lets its holder publish it.
    func check(_ grant: Grant) throws(ClientRefusal) {
        guard !type.isReservedForRelay else {
            throw ClientRefusal(
                .typeReserved, "Only the relay gives events this type\(Quotable.text(type.rawValue)): choose another.")
        }
        guard grant.publish.matches(type.rawValue) else {
            throw ClientRefusal(
                .typeNotGranted, "The token's grant does not publish this type\(Quotable.text(type.rawValue)).")
        }
        guard grant.scope.coversRoom(room) else {
            let sentence =
                room == nil
                ? "An event without a room needs a grant for all rooms." : "The token's grant does not cover the room."
            throw ClientRefusal(.roomNotCovered, sentence)
        }
    }

    /// The event, with what the relay knows and the body cannot say.
    func event(of author: Principal, now: WallTime) -> Event {
        var event = Event(
            type: type, source: ClientSource.name, provider: ClientSource.name, room: room, receivedAt: now)
        event.author = author
        event.users = users
        event.data = EventData(verbatim: data)
        return event
    }
}

/// What makes a retry of a client the same event.
enum IdempotencyKey {
    /// The key of the request's draft. It is the user's own: the same header of another user makes another key. Without
    /// the header the key is random, so that every request makes an event of its own.
    static func key(_ request: HTTPRequest, of author: Principal) throws(ClientRefusal) -> WireText {
        guard let value = request.header("idempotency-key") else { return "publish:\(random)" }
        guard (1...Limits.idempotencyKeyBytes).contains(value.byteCount),
            value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw ClientRefusal(
                .badIdempotencyKey,
                "Idempotency-Key has 1 to \(Limits.idempotencyKeyBytes) visible characters of ASCII.")
        }
        var hash = SHA256()
        // With its length before each part, so that no two triples have the same bytes.
        for part in [author.issuer, author.user, value] {
            hash.update(data: Array("\(part.byteCount):".utf8) + Array(part.utf8))
        }
        return "publish:\(Hex.text(hash.finalize()))"
    }

    private static var random: String {
        var generator = SystemRandomNumberGenerator()
        return Hex.text((0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }
}
