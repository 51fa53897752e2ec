internal import Events
internal import Wire

/// Supabase Database Webhooks: the change of a row, posted by a trigger and authenticated by a header with a fixed
/// secret, which is all that Supabase offers.
///
/// Options: `header`, the secret's header, `x-webhook-secret` by default; `room_column`, the column with the room's
/// name; `users_columns`, the columns, separated by commas, with the users who receive the event. Source of the body:
/// https://supabase.com/docs/guides/database/webhooks.
struct Supabase: Provider {
    static let name = "supabase"
    static let plainOptions: Set = ["header", "room_column", "users_columns"]

    private let source: WireText
    private let redaction: Redaction
    private let secrets: [String]
    private let header: String
    private let roomColumn: WireText?
    private let usersColumns: [WireText]?

    init(settings: ProviderSettings) throws(ProviderSettingsError) {
        try settings.allowOptions(Self.plainOptions)
        source = settings.source
        try settings.refuseKeys("Supabase takes secrets: a list with what the webhook sends in its header")
        redaction = try Redaction(settings, isContent: true)
        secrets = try settings.requiredSecrets()
        header = settings.options["header"] ?? "x-webhook-secret"
        roomColumn = settings.options["room_column"].map { WireText($0) }
        usersColumns = settings.options["users_columns"].map { columns in
            columns.split { $0 == "," || $0 == " " }.map { WireText(String($0)) }
        }
        for (name, value) in settings.options where value.isEmpty {
            throw ProviderSettingsError(setting: name, problem: "is empty")
        }
    }

    var signatureHeaders: [String] { [header] }

    func receive(_ request: WebhookRequest, now: WallTime) throws(Rejection) -> Receipt {
        let given = try request.requiredHeader(header)
        // Supabase's dashboard adds `Bearer ` to the key of an Authorization header.
        guard secrets.contains(where: { Self.equals(given, $0) || Self.equals(given, "Bearer " + $0) }) else {
            throw Rejection(.badSignature, "The header \(header) holds none of the secrets.")
        }
        let parsed = try request.parsedBody()
        let body = parsed.object
        // There is no id, and the same change may happen twice. Supabase never sends a webhook again, so the time of
        // arrival distinguishes them.
        let key: WireText = "\(BodyDigest.idempotencyKey(request.body, id: nil))@\(now.milliseconds)"
        let draft = Draft(
            event: redaction.finished(event(Fields(body), receivedAt: now)), idempotencyKey: key,
            raw: redaction.line(parsed))
        guard let left = departure(body, to: draft.event.room) else { return .event(draft) }
        let leave = Draft(
            event: redaction.finished(event(Fields(left), receivedAt: now, moved: "out")),
            idempotencyKey: "\(key)/left",
            raw: redaction.line(.object(left), capacityBytes: request.body.count))
        var arrival = draft
        arrival.event.data.other["moved"] = "in"
        return .events([leave, arrival])
    }

    /// The change as the room that a row has left receives it: without the row's new state, which belongs to the new
    /// room alone. Nil if the row stays in its room.
    private func departure(_ body: JSONObject, to room: WireText?) -> JSONObject? {
        guard let roomColumn, body["type"]?.string == "UPDATE", body["record"]?.object != nil,
            let old = body["old_record"]?.object, let left = Fields(old).textOrNumber(roomColumn),
            room != left
        else { return nil }
        var told = body
        told["record"] = nil
        return told
    }

    private static func equals(_ given: WireText, _ secret: String) -> Bool { ConstantTime.equal(given, secret) }

    private static let verbs: [WireText: WireText] = ["INSERT": "insert", "UPDATE": "update", "DELETE": "delete"]

    private func event(_ body: Fields, receivedAt: WallTime, moved: WireText? = nil) -> Event {
        let change = body.text("type")
        let type = change.flatMap { Self.verbs[$0] }.flatMap { verb in
            body.text("table").flatMap { EventType(checking: "\($0).\(verb)") }
        }
        var event = Event(
            type: type ?? .unknown, source: source, provider: WireText(Self.name), room: nil, receivedAt: receivedAt)
        // A deleted row, and a row that has left the room, have only the old record.
        let record = body.fields("record") ?? body.fields("old_record")
        event.room = roomColumn.flatMap { record?.textOrNumber($0) }
        event.data.room = event.room.map { Room(name: $0) }
        // With `users_columns`, a row whose columns are empty reaches no user, rather than all.
        event.users = usersColumns.map { columns in columns.compactMap { record?.textOrNumber($0) } }
        event.data.providerEvent = change
        event.data.other["schema"] = body.value("schema")
        event.data.other["table"] = body.value("table")
        event.data.other["record"] = body.value("record").map { redaction.value($0) }
        event.data.other["oldRecord"] = body.value("old_record").map { redaction.value($0) }
        event.data.other["moved"] = moved.json
        return event
    }

    func sign(_ body: [UInt8], idempotencyKey: WireText, now: WallTime) -> [WebhookRequest.Header] {
        [
            .init(name: "Content-Type", value: "application/json"),
            .init(name: WireText(header), value: WireText(secrets.first ?? "")),
        ]
    }

    /// A row that is inserted, changed and deleted.
    func sampleMeeting(room: String, now: WallTime) -> [SampleStep] {
        var script = SampleScript(startedAt: now)
        let id = Int64.random(in: 1...1_000_000)
        var row: JSONObject = ["id": .integer(id), "text": .string("Hello")]
        if let roomColumn { row[roomColumn] = .string(WireText(room)) }
        let users = SampleCast.people(usersColumns?.count ?? 0).map(\.identity)
        for (column, user) in zip(usersColumns ?? [], users) { row[column] = .string(WireText(user)) }
        var edited = row
        edited["text"] = .string("Hello, everybody")
        let changes: [(WireText, JSONValue, JSONValue)] = [
            ("INSERT", .object(row), .null), ("UPDATE", .object(edited), .object(row)),
            ("DELETE", .null, .object(edited)),
        ]
        for (type, record, oldRecord) in changes {
            let body: JSONObject = [
                "type": .string(type), "table": .string("messages"), "schema": .string("public"), "record": record,
                "old_record": oldRecord,
            ]
            let bytes = JSONWriter.bytes { $0.value(.object(body)) }
            script.add(after: 2, idempotencyKey: SampleCast.uuid()) { _ in bytes }
        }
        return script.steps
    }
}
