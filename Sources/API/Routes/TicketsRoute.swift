internal import Access
internal import Events
internal import FrontDoor
internal import Platform
internal import Wire

/// `POST /api/tickets`: a ticket that opens one stream, for clients that cannot send their token with it.
enum TicketsRoute {
    static let routes = [Route("tickets", ["POST"], handle: issue)]

    @Sendable private static func issue(_ request: Request) throws -> Outcome {
        let identity = try request.identity(takesTicket: false)
        guard let ticket = request.shared.tickets.withLock({ $0.issue(identity, now: request.now) }) else {
            var problem = Problem(429, "too_many_tickets", "Too many tickets wait to be used.")
            problem.retryAfterSeconds = Limits.ticketSeconds
            return .answer(problem.response)
        }
        return .answer(
            .json(201) { writer in
                writer.object { writer in
                    writer.member("ticket", ticket)
                    writer.member("expiresAt", time: request.now + Int64(Limits.ticketSeconds) * 1000)
                }
            })
    }
}
