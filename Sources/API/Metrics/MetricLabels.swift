internal import Access
internal import Events
internal import FrontDoor
internal import Journal
package import Telemetry
internal import Webhooks
package import Wire

/// What became of a webhook.
enum WebhookOutcome: String, MetricLabelValue {
    case accepted, duplicate, answered, refused, unavailable
    static let labelName = MetricLabel.Name.outcome
}

/// Why a webhook was refused.
enum WebhookRefusal: MetricLabelValue {
    /// By the source that its path names.
    case rejected(Rejection.Reason)
    /// Its path names no source that is set up.
    case unknownSource

    static let labelName = MetricLabel.Name.reason
    static let allCases = [unknownSource] + Rejection.Reason.allCases.map(rejected)

    var label: String {
        switch self {
        case .rejected(let reason): reason.rawValue
        case .unknownSource: "unknown_source"
        }
    }
}

/// What became of what a client published.
enum PublishOutcome: String, MetricLabelValue {
    /// It is in the journal.
    case accepted
    /// A retry of one that is.
    case duplicate
    /// It went to the open streams alone.
    case ephemeral
    /// See the reasons.
    case refused
    /// The journal, or the loops, could not take it.
    case unavailable
    static let labelName = MetricLabel.Name.outcome
}

extension ClientRefusal.Reason: MetricLabelValue {
    static let labelName = MetricLabel.Name.reason
}

/// The outcome of a fetch of an issuer's keys.
package enum KeyFetchOutcome: String, MetricLabelValue {
    case ok, timeout, unreachable, untrusted, status, unusable
    case tooLarge = "too_large"
    package static let labelName = MetricLabel.Name.outcome
}

/// The outcome of a reload of the settings.
package enum ReloadOutcome: String, MetricLabelValue {
    case applied, refused
    package static let labelName = MetricLabel.Name.outcome
}

/// The status with which the door refused a request.
enum RefusedStatus: String, MetricLabelValue {
    case badRequest = "400"
    case timeout = "408"
    case tooLarge = "413"
    case targetTooLong = "414"
    case expectationFailed = "417"
    case notImplemented = "501"
    case unavailable = "503"
    case other

    static let labelName = MetricLabel.Name.status

    init(_ status: Int) { self = RefusedStatus(rawValue: String(status)) ?? .other }
}

extension StreamRefusal.Reason: MetricLabelValue {
    static let labelName = MetricLabel.Name.reason
}

extension AccessRefusal.Reason: MetricLabelValue {
    package static var labelName: MetricLabel.Name { .reason }
}

extension TLSOutcome: MetricLabelValue {
    package static var labelName: MetricLabel.Name { .outcome }
}

/// Why the relay finished a room itself.
package struct RoomEndLabel: MetricLabelValue {
    package let label: String

    package static let labelName = MetricLabel.Name.reason
    package static let allCases = [RoomEnd.superseded, RoomEnd.stale, RoomEnd.closed, Reconciliation.endReason].map {
        RoomEndLabel($0)
    }

    /// - Parameter reason: one of ``RoomEnd``'s, or reconciliation's.
    package init(_ reason: WireText) { label = reason.string }
}
