package import Events
package import Wire

/// A membership: whose it is, and of which room.
package struct MemberKey: Sendable, Hashable {
    /// The room's name.
    package let room: WireText
    /// The user and issuer.
    package let principal: Principal

    /// A user's membership of a room.
    package init(room: WireText, principal: Principal) {
        self.room = room
        self.principal = principal
    }
}

/// An event that ``Members`` wants in the journal. What becomes of it is told with ``Members/completed(_:_:at:)``.
package struct MemberOrder: Sendable {
    /// Whose membership changes.
    package let key: MemberKey
    /// `member_joined`, `member_updated` or `member_left`.
    package let type: EventType
    /// The member as the event tells.
    package let member: Member

    /// The event to append.
    package func draft(now: WallTime) -> Draft {
        Draft(event: Event(type, member, room: key.room, now: now), idempotencyKey: "")
    }
}

/// What became of a ``MemberOrder``.
package enum MemberOutcome: Sendable {
    /// It is in the journal.
    case appended
    /// The journal had nothing to change: it does not agree with what was known.
    case unneeded
    /// It is not in the journal, and is tried again.
    case failed
}

/// What a change that waited has come to.
package enum MemberAnswer: Sendable, Equatable {
    /// The user is present, as in the journal.
    case present(Member)
    /// The user is not present.
    case absent
    /// The journal did not take the change now. It is tried again, and may still come.
    case failed
}

/// A moment by both clocks: the grace goes by the steady one, and what events tell by the other.
package struct MemberTime: Sendable {
    /// The clock that never steps.
    package let steady: SteadyTime
    /// The wall clock.
    package let wall: WallTime

    /// A moment.
    package init(steady: SteadyTime, wall: WallTime) {
        self.steady = steady
        self.wall = wall
    }
}
