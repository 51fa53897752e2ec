internal import Events
internal import Wire

/// Daily's presence: all participants of all rooms in one answer.
///
/// Source of the wire facts: https://docs.daily.co/reference/rest-api/presence. It takes no options, has no pages, and is
/// up to 15 seconds old. It tells neither tracks nor when a meeting started, and leaves out rooms without participants.
extension Daily: Reconcilable {
    static let usualAddress: String? = "https://api.daily.co/v1"

    func problem(with settings: ReconcileSettings) -> ProviderSettingsError? {
        guard let key = settings.apiKey, !key.isEmpty else {
            return ProviderSettingsError(setting: "api_key", problem: "is needed: an API key of the Daily domain")
        }
        let isPlain = key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        return isPlain ? nil : ProviderSettingsError(setting: "api_key", problem: "has characters that no key has")
    }

    func request(_ question: ReconcileQuestion, _ settings: ReconcileSettings, now: WallTime) -> ReconcileRequest {
        // The one answer tells the participants as well, so they are never asked for separately.
        ReconcileRequest(
            path: "/presence",
            headers: [.init(name: "Authorization", value: "Bearer \(settings.apiKey ?? "")")], body: nil)
    }

    func rooms(in answer: [UInt8]) throws(UnusableAnswer) -> [ListedRoom] {
        let rooms = try UnusableAnswer.object(in: answer).members
        guard rooms.count <= Limits.reconcileRooms else {
            throw UnusableAnswer(.tooMany, "The answer has too many rooms.")
        }
        var total = 0
        var listed: [ListedRoom] = []
        for room in rooms {
            guard let entries = room.value.array else {
                throw UnusableAnswer(
                    .malformed, "The answer is not of the provider's shape: a room should be an array.")
            }
            total += entries.count
            guard total <= Limits.reconcileParticipants else {
                throw UnusableAnswer(.tooMany, "The answer has too many participants.")
            }
            guard !room.name.isEmpty, room.name.byteCount <= Limits.nameBytes, !entries.isEmpty else { continue }
            listed.append(try Self.room(room.name, entries))
        }
        return listed
    }

    func participants(in answer: [UInt8]) throws(UnusableAnswer) -> Presence {
        throw UnusableAnswer(.malformed, "Daily is not asked for the participants of one room.")
    }

    private static func room(_ name: WireText, _ entries: [JSONValue]) throws(UnusableAnswer) -> ListedRoom {
        var presence = Presence(participants: [], hasTracks: false)
        var session: (id: WireText, joinedAt: WallTime?)?
        for entry in entries {
            guard let fields = entry.object.map(Fields.init) else {
                throw UnusableAnswer(
                    .malformed, "The answer is not of the provider's shape: a participant should be an object.")
            }
            guard let id = fields.text("id"), id.byteCount <= Limits.reconcileIDBytes else { continue }
            var participant = Participant(id: id, identity: fields.textOrNumber("userId"))
            participant.name = fields.text("userName")
            participant.joinedAt = WireTime.time(text: fields.text("joinTime"))
            presence.participants.append(ParticipantState(participant: participant))
            // While one meeting follows another, the newer one is the room's.
            if let meeting = fields.text("mtgSessionId"), meeting.byteCount <= Limits.reconcileIDBytes,
                session.map({ isLater(participant.joinedAt, $0.joinedAt) }) ?? true
            {
                session = (meeting, participant.joinedAt)
            }
        }
        return ListedRoom(
            room: Room(name: name, id: session?.id), toldPeople: presence.participants.count, presence: presence)
    }

    private static func isLater(_ time: WallTime?, _ other: WallTime?) -> Bool {
        guard let time, let other else { return false }
        return time > other
    }

    func advice(status: Int, _ question: ReconcileQuestion) -> String? {
        switch status {
        case 401: "api_key has to be an API key of the Daily domain"
        case 400, 403: "the API key may not read presence"
        default: nil
        }
    }

    /// Participants without presence (`permissions.hasPresence`) are hidden from all others; whether the API lists them
    /// is not documented.
    func lists(_ participant: Participant) -> Bool {
        participant.permissions?.object?["hasPresence"]?.bool != false
    }

    func redacted(_ event: Event) -> Event { redaction.finished(event) }
}
