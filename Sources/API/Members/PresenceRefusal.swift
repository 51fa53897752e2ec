internal import Access
internal import Events
internal import Wire

/// Why a membership cannot be had or changed, to a client whose token is good.
struct PresenceRefusal: Error {
    /// The reason's class: in the problem body, the `refused` event and the metric alike.
    enum Reason: String, Sendable, CaseIterable {
        case presenceNotGranted = "presence_not_granted"
        case roomNotCovered = "room_not_covered"
        case clientsSourceTaken = "clients_source_taken"
        case tooManyPresenceRooms = "too_many_presence_rooms"
        case tooManyRooms = "too_many_rooms"
        case roomMembersFull = "room_members_full"
        case tooManyUpdates = "too_many_updates"
        case notPresent = "not_present"
        case stateNotObject = "state_not_object"
        case stateTooLarge = "state_too_large"
    }

    let reason: Reason
    /// One sentence for people.
    let detail: String
    /// When to try again, where that helps.
    var retryAfterSeconds: Int?

    init(_ reason: Reason, _ detail: String, retryAfterSeconds: Int? = nil) {
        self.reason = reason
        self.detail = detail
        self.retryAfterSeconds = retryAfterSeconds
    }

    init(_ refusal: MemberRefusal, _ settings: MemberSettings) {
        switch refusal {
        case .tooManyRooms:
            self.init(
                .tooManyRooms, "A user may be a member of \(settings.roomsPerUser) rooms.",
                retryAfterSeconds: Limits.capRetrySeconds)
        case .roomIsFull:
            self.init(
                .roomMembersFull, "The room has \(settings.membersPerRoom) members, as many as one may have.",
                retryAfterSeconds: Limits.capRetrySeconds)
        case .tooManyUpdates:
            self.init(
                .tooManyUpdates, "A user may change their state \(settings.updatesPerSecond) times a second.",
                retryAfterSeconds: 1)
        case .notPresent: self = .notPresent
        }
    }

    static let notPresent = PresenceRefusal(
        .notPresent, "No stream of this user holds the room: open one with presence= and the room's name.")

    private var status: Int {
        switch reason {
        case .presenceNotGranted, .roomNotCovered, .clientsSourceTaken: 403
        case .tooManyPresenceRooms, .stateNotObject: 400
        case .tooManyRooms, .roomMembersFull, .tooManyUpdates: 429
        case .notPresent: 409
        case .stateTooLarge: 413
        }
    }

    /// The answer.
    var problem: Problem {
        var problem = Problem(status, reason.rawValue, detail)
        problem.retryAfterSeconds = retryAfterSeconds
        return problem
    }
}
