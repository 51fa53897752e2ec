internal import Events
internal import Wire

/// When to look for rooms that nothing was heard from.
struct StaleRoomPace {
    /// True when the last batch may not have been the last one: the next is due at once.
    var hasMore = false
    private var lookedAt: SteadyTime

    init(now: SteadyTime) { lookedAt = now }

    /// True if it is time to look.
    mutating func isDue(now: SteadyTime) -> Bool {
        guard hasMore || now - lookedAt >= Int64(Limits.upkeepMilliseconds) else { return false }
        lookedAt = now
        return true
    }
}
