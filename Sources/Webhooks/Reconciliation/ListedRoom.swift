package import Events
package import Wire

/// A room as a provider lists it.
package struct ListedRoom: Sendable, Equatable {
    /// The room, with its session's id where the provider tells it.
    package var room: Room
    /// The people in it by the provider's own count, which may be wrong; nil if it gives none.
    package var toldPeople: Int?
    /// Who is in it; nil if that must be asked separately.
    package var presence: Presence?

    /// A room.
    package init(room: Room, toldPeople: Int? = nil, presence: Presence? = nil) {
        self.room = room
        self.toldPeople = toldPeople
        self.presence = presence
    }

    /// When the session began, or at the latest when its first participant joined; nil if the provider tells neither.
    var beganAt: WallTime? {
        room.startedAt ?? presence?.participants.compactMap(\.participant.joinedAt).min()
    }
}

/// The participants of a room as a provider lists them.
package struct Presence: Sendable, Equatable {
    /// Those who are in the room.
    package var participants: [ParticipantState]
    /// The ids of those who are on their way in: neither inside nor gone.
    package var undecided: Set<WireText>
    /// Whether the provider tells which tracks they publish.
    package var hasTracks: Bool

    /// Participants.
    package init(participants: [ParticipantState], undecided: Set<WireText> = [], hasTracks: Bool) {
        self.participants = participants
        self.undecided = undecided
        self.hasTracks = hasTracks
    }
}
