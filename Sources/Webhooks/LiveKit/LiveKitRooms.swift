internal import Events
internal import Wire

/// LiveKit's RoomService, which tells the open rooms and the participants of one room.
///
/// Source of the wire facts: livekit/protocol, `livekit_room.proto` and `livekit_room.twirp.go`; livekit/livekit,
/// `pkg/service/auth.go`. Its JSON has the names of the .proto files and contains zero values, unlike that of webhooks.
extension LiveKit: Reconcilable {
    static let usualAddress: String? = nil

    /// The lifetime of a token for one request.
    private static let requestTokenSeconds: Int64 = 60
    private static let service = "/twirp/livekit.RoomService/"

    func problem(with settings: ReconcileSettings) -> ProviderSettingsError? {
        if settings.apiKey != nil {
            return ProviderSettingsError(setting: "api_key", problem: "LiveKit's requests are signed with its keys")
        }
        guard settings.url == nil else { return nil }
        return ProviderSettingsError(
            setting: "url", problem: "is needed: the address of the LiveKit server, as in https://livekit.example.com")
    }

    func request(_ question: ReconcileQuestion, _ settings: ReconcileSettings, now: WallTime) -> ReconcileRequest {
        let seconds = now.milliseconds / 1000
        let token = token { writer in
            writer.member("sub", "roomwire")
            writer.member("nbf", seconds)
            writer.member("exp", seconds + Self.requestTokenSeconds)
            writer.member("video") { $0.grant(of: question) }
        }
        return ReconcileRequest(
            path: Self.service + question.method,
            headers: [
                .init(name: "Authorization", value: "Bearer \(token)"),
                .init(name: "Content-Type", value: "application/json"),
            ],
            body: JSONWriter.bytes { writer in
                writer.object { writer in
                    if case .participants(let room) = question { writer.member("room", room) }
                }
            })
    }

    func rooms(in answer: [UInt8]) throws(UnusableAnswer) -> [ListedRoom] {
        try LiveKitAnswer.read(answer) { (message) throws(Rejection) in
            let messages = try message.messages("rooms")
            guard messages.count <= Limits.reconcileRooms else { return nil }
            var rooms: [ListedRoom] = []
            for message in messages {
                guard let room = try LiveKitMessages.room(message), LiveKitAnswer.isUsable(room.name, room.id) else {
                    continue
                }
                let people = try message.integer("numParticipants") ?? 0
                rooms.append(ListedRoom(room: room, toldPeople: Int(clamping: people)))
            }
            return rooms
        }
    }

    func participants(in answer: [UInt8]) throws(UnusableAnswer) -> Presence {
        try LiveKitAnswer.read(answer) { (message) throws(Rejection) in
            let messages = try message.messages("participants")
            guard messages.count <= Limits.reconcileParticipants else { return nil }
            var presence = Presence(participants: [], hasTracks: true)
            for message in messages { try LiveKitAnswer.add(message, to: &presence) }
            return presence
        }
    }

    func advice(status: Int, _ question: ReconcileQuestion) -> String? {
        guard status == 401 || status == 403 else { return nil }
        let grant = question == .rooms ? "roomList" : "roomAdmin for the room"
        return "the API key \(signer) has to be one of the server's, with the secret of the settings and the grant "
            + "\(grant), and the clocks must agree to a minute"
    }

    func redacted(_ event: Event) -> Event { redaction.finished(event) }
}

extension ReconcileQuestion {
    fileprivate var method: String {
        switch self {
        case .rooms: "ListRooms"
        case .participants: "ListParticipants"
        }
    }
}

extension JSONWriter {
    /// Writes the members of the grant that a question needs, and no more.
    fileprivate mutating func grant(of question: ReconcileQuestion) {
        switch question {
        case .rooms: member("roomList", true)
        case .participants(let room):
            member("roomAdmin", true)
            member("room", room)
        }
    }
}

/// Reads the answers of LiveKit's RoomService.
enum LiveKitAnswer {
    /// Reads an answer's message; `read` returns nil if it has too many entries.
    static func read<Value>(
        _ answer: [UInt8], _ read: (ProtoMessage) throws(Rejection) -> Value?
    ) throws(UnusableAnswer) -> Value {
        let message = ProtoMessage(try UnusableAnswer.object(in: answer))
        let value: Value?
        do { value = try read(message) } catch { throw UnusableAnswer(.malformed, error.detail) }
        guard let value else { throw UnusableAnswer(.tooMany, "The answer has too many entries.") }
        return value
    }

    /// Whether name and id have lengths that a key of the journal can have.
    static func isUsable(_ name: WireText, _ id: WireText?) -> Bool {
        name.byteCount <= Limits.nameBytes && (id?.byteCount ?? 0) <= Limits.reconcileIDBytes
    }

    private static let states: [WireText?] = ["joining", "joined", "active", "disconnected"]

    /// Adds a `ParticipantInfo`. Only one who is active has joined by the word of a webhook.
    static func add(_ message: ProtoMessage, to presence: inout Presence) throws(Rejection) {
        guard var participant = try LiveKitMessages.participant(message), isUsable("", participant.id) else { return }
        switch try message.word("state", names: states) ?? "joining" {
        case "active": break
        case "disconnected": return
        default:
            presence.undecided.insert(participant.id)
            return
        }
        participant.permissions = participant.permissions.map(ProtoForm.ofWebhooks)
        participant.leaveReason = nil
        var tracks: [Track] = []
        for message in try message.messages("tracks") {
            guard let track = try LiveKitMessages.track(message), isUsable("", track.id) else { continue }
            tracks.append(track)
        }
        presence.participants.append(ParticipantState(participant: participant, tracks: tracks))
    }
}

extension UnusableAnswer {
    /// The object that an answer must be.
    static func object(in answer: [UInt8]) throws(UnusableAnswer) -> JSONObject {
        do { return try AnswerBody.object(answer) } catch {
            switch error {
            case .malformed(let problem): throw UnusableAnswer(.malformed, "The answer \(problem).")
            case .tooMany(let problem): throw UnusableAnswer(.tooMany, "The answer \(problem).")
            }
        }
    }
}
