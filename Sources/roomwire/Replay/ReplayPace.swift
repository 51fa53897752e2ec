internal import Wire

/// When each webhook of a replay is due.
struct ReplayPace {
    /// 2 is twice as fast as recorded; nil sends at once.
    let speed: Double?
    private var firstReceivedAt: WallTime?
    /// The offset of the last one.
    private(set) var lastMilliseconds: Int64 = 0

    init(speed: Double?) {
        self.speed = speed
    }

    /// When a webhook is due, in milliseconds after the first. It never goes back, where a recording holds events twice
    /// or the recorded clock was set back.
    mutating func dueMilliseconds(receivedAt: WallTime) -> Int64 {
        guard let speed else { return 0 }
        let first = firstReceivedAt ?? receivedAt
        firstReceivedAt = first
        let (elapsed, overflows) = receivedAt.milliseconds.subtractingReportingOverflow(first.milliseconds)
        let due = Int64(exactly: (Double(overflows ? 0 : elapsed) / speed).rounded()) ?? 0
        lastMilliseconds = max(lastMilliseconds, due)
        return lastMilliseconds
    }
}
