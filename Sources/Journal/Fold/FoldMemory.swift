internal import Events
internal import Wire

/// What the fold must remember of those who are in no room, because webhooks come out of order. Bounded.
struct FoldMemory: Sendable {
    /// Somebody, or some session, of a room.
    struct Member: Hashable, Sendable {
        let room: RoomKey
        let id: WireText
    }

    /// A leave that has no join, or a synthetic one that has no real one: its counterpart may still come.
    struct Departure: Equatable, Sendable {
        var isSynthetic: Bool
        var leftAt: WallTime
        /// When the stay that ended had begun, if the provider told.
        var joinedAt: WallTime?
    }

    /// The end of a session that is in the log.
    struct Finish: Equatable, Sendable {
        /// True if the relay made it.
        var isSynthetic: Bool
        /// True if the provider's own is in the log, too.
        var isConfirmed: Bool
        /// Joins up to this time belonged to it, by the provider's clock if that told.
        var endedAt: WallTime
        /// Whether the session's id was known.
        var namesSession: Bool
    }

    /// The id under which the last finish of a room is remembered: no session's.
    static let lastFinish: WireText = ""

    /// Participants who left like that.
    var departures = RecentMap<Member, Departure>(limit: Limits.rememberedDepartures)
    /// Finishes of sessions, and under ``lastFinish`` the last one of each room, for what names no session.
    var finishes = RecentMap<Member, Finish>(limit: Limits.rememberedFinishes)
    /// Tracks of participants whose join has not come yet: they are theirs when it does.
    var earlyTracks = RecentMap<Member, [Track]>(limit: Limits.rememberedEarlyParticipants)

    /// Grows with every change.
    var changes: Int { departures.changes + finishes.changes + earlyTracks.changes }

    init() {}

    /// What was remembered since the last commit stays.
    mutating func commit() {
        departures.commit()
        finishes.commit()
        earlyTracks.commit()
    }

    /// Forgets what was remembered since the last commit.
    mutating func rollback() {
        departures.rollback()
        finishes.rollback()
        earlyTracks.rollback()
    }

    mutating func remember(early track: Track, of member: Member) {
        var tracks = earlyTracks[member] ?? []
        tracks.removeAll { $0.id == track.id }
        tracks.append(track)
        earlyTracks[member] = tracks.suffix(Limits.earlyTracks)
    }

    mutating func forget(earlyTrack id: WireText, of member: Member) {
        guard var tracks = earlyTracks[member] else { return }
        tracks.removeAll { $0.id == id }
        earlyTracks[member] = tracks.isEmpty ? nil : tracks
    }
}

// As JSON, for the checkpoint beside the log.
extension FoldMemory {
    /// Reads what ``write(to:)`` wrote; entries of another shape are left out.
    init(_ json: JSONValue) {
        let object = json.object ?? [:]
        func entries(_ name: WireText) -> [(member: Member, object: JSONObject)] {
            (object[name]?.array ?? []).compactMap { entry in
                guard let object = entry.object, let source = object["source"]?.string,
                    let room = object["room"]?.string, let id = object["id"]?.string
                else { return nil }
                return (Member(room: RoomKey(source: source, name: room), id: id), object)
            }
        }
        for (member, object) in entries("departures") {
            guard let leftAt = object["leftAt"]?.integer.map(WallTime.init) else { continue }
            departures[member] = Departure(
                isSynthetic: object["synthetic"]?.bool ?? false, leftAt: leftAt,
                joinedAt: object["joinedAt"]?.integer.map(WallTime.init))
        }
        // What a log of an earlier version has: sessions that were finished synthetically, without the time.
        for (member, _) in entries("supersededSessions") {
            finishes[member] = Finish(
                isSynthetic: true, isConfirmed: false, endedAt: WallTime(milliseconds: 0), namesSession: true)
        }
        for (member, object) in entries("finishes") {
            guard let endedAt = object["endedAt"]?.integer.map(WallTime.init) else { continue }
            finishes[member] = Finish(
                isSynthetic: object["synthetic"]?.bool ?? false, isConfirmed: object["confirmed"]?.bool ?? false,
                endedAt: endedAt, namesSession: object["session"]?.bool ?? false)
        }
        for (member, object) in entries("earlyTracks") {
            earlyTracks[member] = (object["tracks"]?.array ?? []).compactMap { Track($0) }
        }
        commit()
    }

    /// Writes all of it as one object, oldest entries first.
    func write(to writer: inout JSONWriter) {
        func list<Value>(
            _ name: String, _ map: RecentMap<Member, Value>, _ write: (Value, inout JSONWriter) -> Void
        ) {
            writer.name(name)
            writer.array { writer in
                for (member, value) in map.ordered {
                    writer.object { writer in
                        writer.member("source", member.room.source)
                        writer.member("room", member.room.name)
                        writer.member("id", member.id)
                        write(value, &writer)
                    }
                }
            }
        }
        list("departures", departures) { departure, writer in
            writer.member("synthetic", departure.isSynthetic)
            writer.member("leftAt", departure.leftAt.milliseconds)
            writer.member("joinedAt", departure.joinedAt?.milliseconds)
        }
        list("finishes", finishes) { finish, writer in
            writer.member("synthetic", finish.isSynthetic)
            writer.member("confirmed", finish.isConfirmed)
            writer.member("endedAt", finish.endedAt.milliseconds)
            writer.member("session", finish.namesSession)
        }
        list("earlyTracks", earlyTracks) { tracks, writer in
            writer.name("tracks")
            writer.array { writer in
                for track in tracks { writer.object(track.write) }
            }
        }
    }
}
