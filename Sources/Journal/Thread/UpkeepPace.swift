internal import Events

/// How often the log is looked after: at least every ``Limits/upkeepMilliseconds``, and under load as fast as events
/// come in, so that retention keeps up and still never takes long at a time.
struct UpkeepPace {
    /// Events since the last time.
    var appended = 0
    /// True when the last step left something to do.
    var hasMore = false
    /// True when the last step failed: the next waits for its time, however full the log is.
    var hasFailed = false
    /// Up to where the log is trimmed, as far as everybody was told.
    var toldTrimming = EventID.zero
    /// By a clock that never steps, in milliseconds.
    private var last: Int64

    init(now: Int64) {
        last = now
    }

    /// How many steps to take now.
    mutating func steps(now: Int64, isIdle: Bool) -> Int {
        let isDue = appended >= Limits.trimEvents || now - last >= Int64(Limits.upkeepMilliseconds)
        guard isIdle || isDue else { return 0 }
        defer {
            appended = 0
            last = now
        }
        return appended / Limits.trimEvents + 1
    }
}
