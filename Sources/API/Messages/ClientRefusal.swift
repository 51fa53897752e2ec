internal import Events
internal import Wire

/// Why a client with a good token may not bring anything into the streams.
struct ClientRefusal: Error, Equatable {
    /// The reason's class: in the problem body and in the metric alike.
    enum Reason: String, Sendable, CaseIterable {
        /// The settings have a source of webhooks of the name that events of clients have.
        case clientsSourceTaken = "clients_source_taken"
        /// The credential is a cookie, and the request comes from no page that may use it.
        case originNotListed = "origin_not_listed"
        case publishNotGranted = "publish_not_granted"
        case roomNotCovered = "room_not_covered"
        case typeReserved = "type_reserved"
        case typeNotGranted = "type_not_granted"
        case tooManyPublications = "too_many_publications"
        case bodyTooLarge = "body_too_large"
        /// The body is no event.
        case badEvent = "bad_event"
        /// The header `Idempotency-Key` cannot be used.
        case badIdempotencyKey = "bad_idempotency_key"
    }

    /// The reason's class.
    let reason: Reason
    /// One sentence for the author of the page.
    let detail: String
    /// When to try again, where that helps.
    var retryAfterSeconds: Int?

    /// A refusal.
    init(_ reason: Reason, _ detail: String, retryAfterSeconds: Int? = nil) {
        self.reason = reason
        self.detail = detail
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// 400 for what can never be an event, 413 for too much of it, 429 for too many; else 403.
    var status: Int {
        switch reason {
        case .badEvent, .badIdempotencyKey: 400
        case .bodyTooLarge: 413
        case .tooManyPublications: 429
        case .clientsSourceTaken, .originNotListed, .publishNotGranted, .roomNotCovered, .typeReserved,
            .typeNotGranted:
            403
        }
    }

    /// The answer.
    var problem: Problem {
        var problem = Problem(status, reason.rawValue, detail)
        problem.retryAfterSeconds = retryAfterSeconds
        return problem
    }
}
