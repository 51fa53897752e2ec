internal import Events
internal import Wire

/// How often maintenance runs: at least every ``Limits/upkeepMilliseconds``, and under load as fast as events
/// come in, so that retention keeps up and still never takes long at a time.
struct UpkeepPace {
    /// Events since the last time.
    var appended = 0
    /// True when the last step left something to do.
    var hasMore = false
    /// True when the last step failed: the next waits for its time, however full the journal is.
    var hasFailed = false
    /// The trimmed extent of which the loops were told last.
    var toldTrimming = EventID.zero
    private var last: SteadyTime

    init(now: SteadyTime) {
        last = now
    }

    /// How many steps to take now.
    mutating func steps(now: SteadyTime, isIdle: Bool) -> Int {
        let isDue = appended >= Limits.trimEvents || now - last >= Int64(Limits.upkeepMilliseconds)
        guard isIdle || isDue else { return 0 }
        defer {
            appended = 0
            last = now
        }
        return appended / Limits.trimEvents + 1
    }
}
