package import Events
package import Telemetry
internal import Wire

/// What came of a pass of reconciliation: in the metric, the log and the admin API alike.
package enum ReconcileOutcome: String, MetricLabelValue {
    case ok
    /// 401: the provider does not accept the credentials, or LiveKit misses a grant.
    case unauthorized
    /// 403.
    case forbidden
    /// 404: a room closed between the list and the question about it, or the address has no such API.
    case notFound = "not_found"
    /// 429.
    case rateLimited = "rate_limited"
    /// 5xx.
    case serverError = "server_error"
    /// 3xx, which is not followed.
    case redirect
    /// Any other status than 200.
    case status
    case timeout, unreachable, untrusted
    case tooLarge = "too_large"
    /// The answer is not JSON, or not of the provider's shape.
    case malformed
    /// The answer has more rooms, participants or values than the relay reads.
    case tooMany = "too_many"
    /// The journal could not be read, or did not take the events.
    case journal

    package static let labelName = MetricLabel.Name.outcome
}

/// The types of events that reconciliation adds.
package enum ReconciledType: String, MetricLabelValue {
    case roomStarted = "room_started"
    case roomFinished = "room_finished"
    case participantJoined = "participant_joined"
    case participantLeft = "participant_left"
    case trackPublished = "track_published"
    case trackUnpublished = "track_unpublished"

    package static let labelName = MetricLabel.Name.type

    /// The type of an event; nil for others.
    package init?(_ type: EventType) {
        self.init(rawValue: type.rawValue.string)
    }
}
