internal import Events

/// When to look for rooms that nothing was heard from, and what time it is for them.
///
/// A room is as old as the time that the relay has seen pass since its last event: a clock that is set ahead must not
/// finish every room there is. While the relay does not run the wall clock alone can tell.
struct StaleRoomPace {
    /// True when the last batch may not have been the last one: the next is due at once.
    var hasMore = false
    /// The wall clock at the start, and what the steady clock showed then.
    private let start: (wall: EpochMilliseconds, steady: Int64)
    private var lookedAt: Int64

    init(wall: EpochMilliseconds, steady: Int64) {
        start = (wall, steady)
        lookedAt = steady
    }

    /// The time by which rooms are old now, if it is time to look. Where the clocks disagree the earlier one counts:
    /// a step of the wall clock lets a room live longer, and ends none.
    mutating func seen(wall: EpochMilliseconds, steady: Int64) -> EpochMilliseconds? {
        guard hasMore || steady - lookedAt >= Int64(Limits.upkeepMilliseconds) else { return nil }
        lookedAt = steady
        return min(wall, start.wall + steady - start.steady)
    }
}

/// The clock that nothing sets.
public enum SteadyTime {
    private static let origin = SuspendingClock.now

    /// Milliseconds since some moment of this process. It stands still while the machine sleeps, in which the relay
    /// hears of nothing either.
    public static func milliseconds() -> Int64 { Int64((SuspendingClock.now - origin) / .milliseconds(1)) }
}
