internal import Access
internal import Events
internal import FrontDoor
internal import Platform
internal import Wire

/// `POST /api/events`: a client publishes an event. The answer comes after the commit, or at once if the event is
/// ephemeral.
enum PublishRoute {
    static let routes = [Route("events", ["POST"], handle: publish)]

    @Sendable private static func publish(_ request: Request) throws -> Outcome {
        try request.checkOriginOfCookie()
        let identity = try request.identity(takesTicket: false)
        guard !request.shared.turnsAway else {
            request.shared.metrics.count(PublishOutcome.unavailable)
            return .answer(Problem.unavailable("draining", "The relay is stopping.").response)
        }
        let (grant, author) = (identity.grant, identity.principal)
        guard !request.rules.clientSourceIsTaken else { throw sourceTaken }
        guard !grant.publish.isEmpty else {
            throw ClientRefusal(.publishNotGranted, "The token's grant does not say publish.")
        }
        // Before the body is looked at: what is refused costs little, however often it comes.
        let now = SteadyTime.now()
        let settings = request.rules.publish
        guard request.shared.publishRates.withLock({ $0.admit(author, settings, now: now) }) else {
            throw tooMany("This user publishes more than \(settings.perSecond) events a second.")
        }
        let publication = try Publication(request.http.body, most: settings.bodyBytes)
        try publication.check(grant)
        let key = try IdempotencyKey.key(request.http, of: author)
        if let room = publication.room,
            !request.shared.publishRates.withLock({ $0.admit(room: room, settings, now: now) })
        {
            throw tooMany("More than \(settings.perRoomPerSecond) events a second are published in this room.")
        }
        let event = publication.event(of: author, now: request.now)
        return publication.isEphemeral
            ? .broadcast(EphemeralEvent(event)) : .publish(Draft(event: event, idempotencyKey: key))
    }

    private static let sourceTaken = ClientRefusal(
        .clientsSourceTaken,
        "The settings have a source named \(ClientSource.name), which is the name of what clients publish.")

    private static func tooMany(_ sentence: String) -> ClientRefusal {
        ClientRefusal(.tooManyPublications, sentence, retryAfterSeconds: 1)
    }
}
