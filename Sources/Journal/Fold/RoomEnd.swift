package import Events
package import Wire

/// Why the relay finishes a room itself: `endReason` of the synthetic `room_finished`.
package enum RoomEnd {
    /// A newer session of the room began.
    package static let superseded: WireText = "superseded"
    /// Nothing was heard from the room for too long.
    package static let stale: WireText = "stale"
    /// An administrator ordered it.
    package static let closed: WireText = "closed"
}

extension Draft {
    /// The finish that the relay itself gives a room. What it tells of the session, and the leaves of those inside, come
    /// from the room as it is when this is appended; if it is not open any more then, nothing is, and the draft counts
    /// as a duplicate. That is why it needs no key: a room that is finished is not open.
    /// - Parameters:
    ///   - reason: one of ``RoomEnd``'s.
    ///   - endedAt: when the session ended; nil is the time of its last sign of life.
    package static func finish(
        _ key: RoomKey, provider: WireText, reason: WireText, endedAt: WallTime?, now: WallTime
    ) -> Draft {
        var event = Event(
            type: .roomFinished, source: key.source, provider: provider, room: key.name, receivedAt: now)
        event.isSynthetic = true
        event.data.room = Room(name: key.name)
        event.data.room?.endedAt = endedAt
        event.data.room?.endReason = reason
        return Draft(event: event, idempotencyKey: "")
    }
}

/// What bounds the rooms that are open.
package struct RoomBounds: Sendable, Equatable {
    /// How long nothing may be heard from a room before it is finished; nil is for ever.
    package var staleAfterMilliseconds: Int64?
    /// How many rooms may be open; nil is no bound. One more is not kept, and its events are relayed.
    package var rooms: Int?

    /// A day and 100,000 rooms, unless told otherwise.
    package init(staleAfterMilliseconds: Int64? = 86_400_000, rooms: Int? = 100_000) {
        self.staleAfterMilliseconds = staleAfterMilliseconds
        self.rooms = rooms
    }
}

/// When a room was last heard from.
struct SignOfLife: Sendable, Equatable {
    /// By the wall clock.
    var wall: WallTime
    /// By the clock that never steps, in milliseconds since the machine started; nil if it was in an earlier run.
    var boot: Int64?
    /// The last event that touched the room then, if one did in this run; see ``RoomCondition``.
    var touched: EventID?
}

/// What was heard of a room since the last commit.
struct NewSign: Sendable {
    /// When the relay received the last event that names the room; nil if only the relay's own do.
    var wall: WallTime?
    /// The last event that touched the room; see ``RoomCondition``.
    var touched: EventID?
}

extension RoomFold {
    /// The finishes of open rooms whose last sign of life is too old, the longest silent first: as many as come to
    /// about `events` events with the leaves of those inside, and at least one if there is any.
    func staleRooms(events: Int, now: WallTime, where isStale: (SignOfLife) -> Bool) -> [Draft] {
        var budget = events
        let stale = signs.oldest { key, sign in
            guard budget > 0, isStale(sign) else { return false }
            budget -= 1 + (state(of: key)?.participants.count ?? 0)
            return true
        }
        return stale.compactMap { key, _ in
            state(of: key).map {
                .finish(key, provider: $0.provider, reason: RoomEnd.stale, endedAt: nil, now: now)
            }
        }
    }
}
