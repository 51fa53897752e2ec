internal import Access
internal import Events
internal import Telemetry
internal import Wire

/// What there is to tell of members, for the metrics page.
package struct MemberReading: Sendable {
    /// Memberships, those in their grace among them.
    var members = 0
    /// Rooms with members.
    var rooms = 0
    private var events: [MemberEventLabel: UInt64] = [:]
    private var failures: UInt64 = 0
    /// Requests that were refused.
    var refusals: [PresenceRefusal.Reason: UInt64] = [:]

    /// Nothing yet.
    package init() {}

    mutating func count(_ order: MemberOrder, _ outcome: MemberOutcome) {
        switch outcome {
        case .appended: events[MemberEventLabel(order.type), default: 0] += 1
        case .failed: failures += 1
        case .unneeded: break
        }
    }

    func write(to page: inout MetricsPage) {
        page.single("roomwire_members", "gauge", "Memberships of users in rooms.", "\(members)")
        page.single("roomwire_member_rooms", "gauge", "Rooms that have members.", "\(rooms)")
        let name = "roomwire_member_events_total"
        page.begin(name, "counter", "Events about members that were appended, by type.")
        for event in MemberEventLabel.allCases {
            page.sample(name, [MetricLabel(.type, event.rawValue)], "\(events[event] ?? 0)")
        }
        page.single(
            "roomwire_member_event_failures_total", "counter",
            "Events about members that the journal did not take; they are tried again.", "\(failures)")
        let refused = "roomwire_presence_refused_total"
        page.begin(refused, "counter", "Memberships, and changes of them, that were refused, by reason.")
        for reason in PresenceRefusal.Reason.allCases {
            page.sample(refused, [MetricLabel(.reason, reason.rawValue)], "\(refusals[reason] ?? 0)")
        }
    }
}

/// The type of an event about a member, as the metrics page names it.
enum MemberEventLabel: String, CaseIterable {
    case joined, updated, left

    init(_ type: EventType) {
        switch type {
        case .memberJoined: self = .joined
        case .memberUpdated: self = .updated
        default: self = .left
        }
    }
}
