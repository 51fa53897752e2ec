package import Wire

/// Identifies a room: names are unique only within a source.
package struct RoomKey: Sendable, Hashable {
    /// The name of the source whose webhooks report the room.
    package let source: WireText
    /// The name under which clients join it.
    package let name: WireText

    /// The room `name` of the source `source`.
    package init(source: WireText, name: WireText) {
        self.source = source
        self.name = name
    }
}

/// A room that is open: its participants and what they publish. The fold over the journal maintains it; a snapshot
/// shows it.
package struct RoomState: Sendable, Equatable {
    /// The name of the source whose webhooks report the room.
    package var source: WireText
    /// The kind of that source.
    package var provider: WireText
    /// The room itself.
    package var room: Room
    /// The participants in the room, in the order of joining.
    package var participants: [ParticipantState]
    /// Recordings under way.
    package var recordings: [Recording]
    /// Users who are present through their streams; only rooms of ``ClientSource`` have any.
    package var members = MemberTable()
    /// The last event that changed it.
    package var lastEventID: EventID

    /// A room without participants and recordings.
    package init(source: WireText, provider: WireText, room: Room, lastEventID: EventID) {
        self.source = source
        self.provider = provider
        self.room = room
        participants = []
        recordings = []
        self.lastEventID = lastEventID
    }

    /// Source and name.
    package var key: RoomKey { RoomKey(source: source, name: room.name) }

    /// True for a room that is there for its members alone. It has no session and no participants, and lists keep it
    /// apart from the providers' rooms.
    package var isOfMembers: Bool { provider == ClientSource.name }

    /// Parses what ``write(to:)`` wrote.
    package init?(_ json: JSONValue) {
        guard let object = json.object, let source = object["source"]?.string,
            let provider = object["provider"]?.string, var room = Room(json),
            let last = object["lastEventId"]?.string.flatMap(EventID.init)
        else { return nil }
        room.details = [:]
        self.init(source: source, provider: provider, room: room, lastEventID: last)
        participants = (object["participants"]?.array ?? []).compactMap(ParticipantState.init)
        recordings = (object["recordings"]?.array ?? []).compactMap { Recording($0) }
        members = MemberTable((object["members"]?.array ?? []).compactMap { Member($0) })
    }

    /// Writes the whole object: the room's members, then its participants and recordings.
    package func write(to writer: inout JSONWriter) {
        writer.object { writeMembers(to: &$0) }
    }

    /// Writes the members; the caller has opened the object, and may add others.
    package func writeMembers(to writer: inout JSONWriter) {
        room.writeOwnMembers(to: &writer)
        writer.member("source", source)
        writer.member("provider", provider)
        writer.member("numParticipants", Int64(participants.count))
        writer.name("participants")
        writer.array { writer in
            for participant in participants { participant.write(to: &writer) }
        }
        writer.name("recordings")
        writer.array { writer in
            for recording in recordings { writer.object(recording.write) }
        }
        if !members.isEmpty {
            writer.name("members")
            members.write(to: &writer)
        }
        writer.member("lastEventId", id: lastEventID)
    }
}

/// A participant in a room, with their published tracks.
package struct ParticipantState: Sendable, Equatable {
    /// The participant.
    package var participant: Participant
    /// The published tracks.
    package var tracks: [Track]

    /// A participant, by default without tracks.
    package init(participant: Participant, tracks: [Track] = []) {
        self.participant = participant
        self.tracks = tracks
    }

    init?(_ json: JSONValue) {
        guard var participant = Participant(json) else { return nil }
        participant.details = [:]
        self.participant = participant
        tracks = (json.object?["tracks"]?.array ?? []).compactMap { Track($0) }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            participant.writeOwnMembers(to: &writer)
            writer.name("tracks")
            writer.array { writer in
                for track in tracks { writer.object(track.write) }
            }
        }
    }
}
