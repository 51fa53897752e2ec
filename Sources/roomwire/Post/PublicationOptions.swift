internal import ArgumentParser
internal import Events
internal import Fetch
internal import Platform
internal import Settings
internal import Wire

/// The flags of `roomwire send` with which it publishes an event as a client would.
struct PublicationOptions: ParsableArguments {
    @Option(name: .customLong("as"), help: ArgumentHelp("The user to publish an event as.", valueName: "user"))
    var user: String?

    @Option(help: ArgumentHelp("With --as: the event's type.", valueName: "type"))
    var type: String?

    @Option(help: ArgumentHelp("With --as: the event's data, a JSON object.", valueName: "json"))
    var eventData: String?

    @Option(help: ArgumentHelp("With --as: a user who receives it; may be given several times.", valueName: "user"))
    var to: [String] = []

    @Flag(help: "With --as: only for the streams that are open now; it is not kept.")
    var ephemeral = false

    @Option(help: ArgumentHelp("With --as: a key that makes a repetition the same event.", valueName: "key"))
    var idempotencyKey: String?

    @Option(
        help: ArgumentHelp("With --as: the token. Default: ROOMWIRE_TOKEN, else one made here.", valueName: "token"))
    var token: String?

    /// How long a token that is made here is valid.
    private static let tokenSeconds: Int64 = 3600

    /// Whether no flag was given.
    var isEmpty: Bool {
        user == nil && type == nil && eventData == nil && to.isEmpty && !ephemeral && idempotencyKey == nil
            && token == nil
    }

    func validate() throws {
        guard let user else { return }
        guard !user.isEmpty else { throw ValidationError("--as should not be empty.") }
        guard let type, EventType(checking: WireText(type)) != nil else {
            throw ValidationError("--as goes with --type, which is 1 to 64 letters, digits, _ . and -.")
        }
        if let eventData, (try? JSONReader.value(eventData).object) == nil {
            throw ValidationError("--event-data should be a JSON object.")
        }
    }

    /// What publishes the event.
    func publisher(
        _ relay: RelayURLOption, _ options: SettingsOptions, room: String?, trusting certificates: TrustedCertificates
    ) throws -> Publisher {
        let given = TokenSource.given(token)
        // With address and token given, settings are not needed, so a mistake in them does not matter.
        let needsSettings = given == nil || relay.chosen == nil
        let settings = needsSettings ? try options.load() : Settings(environment: [:])
        let url = try relay.api(settings)
        let token = try given ?? minted(TokenSource.ofThisMachine(settings, url, options), room: room)
        return Publisher(
            url: try url.address("/events"), token: token, body: body(room: room), idempotencyKey: idempotencyKey,
            certificates: certificates)
    }

    /// A token that covers this event and no other.
    private func minted(_ source: TokenSource, room: String?) throws -> String {
        let rooms = room.map { PatternSet([WireText($0)]) } ?? .all
        return source.mint(
            user: user ?? "", scope: EventScope(rooms: rooms), publish: PatternSet([WireText(type ?? "")]),
            ttlSeconds: Self.tokenSeconds, now: WallClock.now())
    }

    private func body(room: String?) -> [UInt8] {
        JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("type", type)
                writer.member("room", room)
                if let data = eventData.flatMap({ try? JSONReader.value($0) }) { writer.member("data", data) }
                if !to.isEmpty {
                    writer.name("users")
                    writer.array { writer in for user in to { writer.string(WireText(user)) } }
                }
                if ephemeral { writer.member("ephemeral", true) }
            }
        }
    }
}
