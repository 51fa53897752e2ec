internal import Events
internal import Wire

/// When to look for rooms that nothing was heard from, and what time it is for them.
///
/// A room is as old as the time that the relay has seen pass since its last event: a clock that is set ahead must not
/// finish every room there is. While the relay does not run the wall clock alone can tell.
struct StaleRoomPace {
    /// True when the last batch may not have been the last one: the next is due at once.
    var hasMore = false
    /// The wall clock at the start, and what the steady clock showed then.
    private let start: (wall: WallTime, steady: SteadyTime)
    private var lookedAt: SteadyTime

    init(wall: WallTime, steady: SteadyTime) {
        start = (wall, steady)
        lookedAt = steady
    }

    /// The time by which rooms are old now, if it is time to look. Where the clocks disagree the earlier one counts:
    /// a step of the wall clock lets a room live longer, and ends none.
    mutating func seen(wall: WallTime, steady: SteadyTime) -> WallTime? {
        guard hasMore || steady - lookedAt >= Int64(Limits.upkeepMilliseconds) else { return nil }
        lookedAt = steady
        return min(wall, start.wall + (steady - start.steady))
    }
}
