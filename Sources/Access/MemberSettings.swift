/// Bounds of the memberships that streams hold.
package struct MemberSettings: Sendable, Hashable {
    /// How long a member without a stream stays: a page that is loaded anew is back by then.
    package var graceMilliseconds: Int
    /// Members of one room.
    package var membersPerRoom: Int
    /// Rooms of which one user of an issuer is a member.
    package var roomsPerUser: Int
    /// Rooms that one stream holds.
    package var roomsPerStream: Int
    /// Changes of state and early leaves of one user in a second, with as many at once after a quiet second.
    package var updatesPerSecond: Int

    /// Bounds; the defaults are those of the service.
    package init(
        graceMilliseconds: Int = 10_000, membersPerRoom: Int = 10_000, roomsPerUser: Int = 64,
        roomsPerStream: Int = 8, updatesPerSecond: Int = 5
    ) {
        self.graceMilliseconds = graceMilliseconds
        self.membersPerRoom = membersPerRoom
        self.roomsPerUser = roomsPerUser
        self.roomsPerStream = roomsPerStream
        self.updatesPerSecond = updatesPerSecond
    }
}

/// Why a membership cannot be had or changed now.
package enum MemberRefusal: Error, Sendable, Equatable, CaseIterable {
    /// The user is a member of as many rooms as one may be.
    case tooManyRooms
    /// The room has as many members as one may have.
    case roomIsFull
    /// The user changes their state too often.
    case tooManyUpdates
    /// No stream of the user holds the room.
    case notPresent
}
