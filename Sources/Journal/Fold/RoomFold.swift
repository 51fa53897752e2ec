package import Events
internal import Wire

/// Room state as a fold over the log: who is in which room, what they publish, what is being recorded.
///
/// Two steps keep it exact. ``expand(_:)`` decides what is logged for a webhook: the event, marked late if it came
/// after its time, behind the synthetic events that keep counts balanced. ``record(_:id:)`` then takes in what was
/// logged, one event after the other. Since everything that changes state is in the log, recording the log again
/// gives the same state.
///
/// What was recorded since the last ``commit()`` stands apart, so that a transaction that fails costs a
/// ``discard()`` and no copy of all rooms.
///
/// Presence is keyed by participant id within a room of a source. Only a join makes somebody present: tracks of
/// somebody unknown are kept until it comes, since webhooks may overtake each other, and forgotten if it does not.
package struct RoomFold: Sendable {
    private var committed: [RoomKey: RoomState] = [:]
    /// How many of ``committed`` are rooms of members.
    private var memberRoomCount = 0
    /// Rooms changed since the last commit, nil for those that were closed.
    private var changes: [RoomKey: RoomState?] = [:]
    var memory = FoldMemory()
    /// When each open room was last heard from, as of the last commit: the time at which the relay received the last
    /// event that names it, whatever that told.
    private(set) var signs = RecentMap<RoomKey, SignOfLife>(limit: .max)
    /// What was heard since of rooms, open or not.
    private(set) var newSigns: [RoomKey: NewSign] = [:]
    /// The last events of rooms that are not open, as of the last commit; see ``RoomCondition``.
    private(set) var closedTouches = RecentMap<RoomKey, EventID>(limit: Limits.rememberedTouches)
    /// What happened before this event, in an earlier run, is not known of rooms that are not open.
    var touchesKnownSince = EventID.zero
    /// How many rooms may be open; nil is no bound. See ``expand(_:)``.
    package var mostRooms: Int?

    /// No room is open.
    package init() {}

    /// - Parameter heardAt: when the rooms were last heard from; where that is not known it is when they last changed.
    init(rooms: [RoomState], memory: FoldMemory, heardAt: [RoomKey: WallTime] = [:]) {
        let times = rooms.lazy.filter { !$0.isOfMembers }.map { room in
            (key: room.key, time: heardAt[room.key] ?? room.lastEventID.time)
        }
        for (key, time) in times.sorted(by: { $0.time < $1.time }) { signs[key] = SignOfLife(wall: time) }
        signs.commit()
        for room in rooms { commit(room, room.key) }
        self.memory = memory
    }

    /// Every open room as of the last commit.
    package var rooms: [RoomState] { Array(committed.values) }

    /// How many rooms of providers were open at the last commit: those of members are not counted.
    package var roomCount: Int { committed.count - memberRoomCount }

    /// A room as it is after the last event recorded, nil if it is not open.
    package func state(of key: RoomKey) -> RoomState? {
        if let pending = changes[key] { return pending }
        return committed[key]
    }

    /// What was recorded stays; returns the rooms that changed, as they are now, nil for those that are closed.
    /// - Parameter boot: the time by the clock that never steps; nil where the events are of an earlier run.
    @discardableResult
    package mutating func commit(at boot: Int64? = nil) -> [RoomKey: RoomState?] {
        for (key, state) in changes {
            commit(state, key)
        }
        // The longest silent first: a start commits all that it replays at once.
        let heard = newSigns.sorted { ($0.value.wall?.milliseconds ?? 0) < ($1.value.wall?.milliseconds ?? 0) }
        for (key, sign) in heard {
            if committed[key] == nil {
                if let touched = sign.touched { closedTouches[key] = touched }
            } else if let wall = sign.wall {
                signs[key] = SignOfLife(wall: wall, boot: boot, touched: sign.touched ?? signs[key]?.touched)
            }
        }
        for case (let key, nil) in changes { signs[key] = nil }
        signs.commit()
        closedTouches.commit()
        memory.commit()
        defer {
            changes = [:]
            newSigns = [:]
        }
        return changes
    }

    private mutating func commit(_ state: RoomState?, _ key: RoomKey) {
        let before = state.map { committed.updateValue($0, forKey: key) } ?? committed.removeValue(forKey: key)
        if before?.isOfMembers == true { memberRoomCount -= 1 }
        if state?.isOfMembers == true { memberRoomCount += 1 }
    }

    /// When the room was last heard from; nil if it is not open and nothing came since the last commit.
    func heardAt(_ key: RoomKey) -> WallTime? { newSigns[key]?.wall ?? signs[key]?.wall }

    /// Rooms that are open, and changed or were heard from since the last commit.
    var heardRooms: [RoomKey] {
        newSigns.compactMap { key, sign in sign.wall != nil && state(of: key) != nil ? key : nil }
    }

    /// Notes an event as a sign of life of its room, and as a touch of it. Events that the relay created tell of no
    /// life, unless the provider's API told them. Rooms of members live as long as they have members, and are not noted.
    mutating func hear(_ event: Event, _ id: EventID) {
        guard let room = event.room, event.provider != ClientSource.name else { return }
        let key = RoomKey(source: event.source, name: room)
        var sign = newSigns[key] ?? NewSign()
        if !event.isSynthetic || event.isReconciled { sign.wall = event.receivedAt }
        if event.users == nil, !event.isUntracked, event.type.touchesRoom { sign.touched = id }
        newSigns[key] = sign
    }

    /// True when as many rooms of providers are open as may be. Rooms of members are bounded by their streams.
    var isFull: Bool {
        // Seldom is the bound so near that the changes have to be counted.
        guard let mostRooms, roomCount + changes.count >= mostRooms else { return false }
        let opened = changes.count { $0.value?.isOfMembers == false && committed[$0.key] == nil }
        let closed = changes.count { $0.value == nil && committed[$0.key]?.isOfMembers == false }
        return roomCount + opened - closed >= mostRooms
    }

    /// Forgets what was recorded since the last commit.
    package mutating func discard() {
        changes = [:]
        newSigns = [:]
        memory.rollback()
    }

    /// Expands an event and records what comes of it, under the ids that `nextID` gives. Returns what is to be
    /// logged, in order; the event itself is the last.
    package mutating func apply(_ event: Event, nextID: () -> EventID) -> [(id: EventID, event: Event)] {
        expand(event).map { event in
            let id = nextID()
            record(event, id: id)
            return (id, event)
        }
    }

    /// The room whose state an event may change. An event with an audience never does: what only some may see
    /// must not show in a snapshot for all.
    static func key(of event: Event) -> RoomKey? {
        guard event.users == nil, let room = event.room else { return nil }
        return RoomKey(source: event.source, name: room)
    }

    /// Takes the room out for a change, so that it is changed in place and not copied; ``put(_:_:)`` must follow,
    /// or a room that was closed since the last commit would be open again.
    mutating func take(_ key: RoomKey) -> RoomState? {
        guard let pending = changes.removeValue(forKey: key) else { return committed[key] }
        return pending
    }

    mutating func put(_ key: RoomKey, _ state: RoomState?) {
        changes.updateValue(state, forKey: key)
    }
}

extension RoomState {
    /// Where somebody stands in ``participants``. A linear search: a microsecond or two in a room of a thousand.
    func index(of participantID: WireText) -> Int? {
        participants.firstIndex { $0.participant.id == participantID }
    }

    /// True when the event belongs to another session of the room than the one that is open. Daily's participants
    /// name no session, so an unknown one is taken for the open one.
    func isOtherSession(_ event: Event) -> Bool {
        guard let open = room.id, let other = event.data.room?.id else { return false }
        return open != other
    }

    /// True when the event's session began before the open one. Without both times the newcomer counts as newer.
    func isNewer(thanSessionOf event: Event) -> Bool {
        guard let open = room.startedAt, let other = event.data.room?.startedAt else { return false }
        return other < open
    }
}
