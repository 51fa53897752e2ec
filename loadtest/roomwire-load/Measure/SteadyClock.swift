internal import EventLoop
internal import Glibc

/// The clock that latencies are measured with; it never steps.
enum SteadyClock {
    /// Nanoseconds since some moment in the past.
    static func nanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Sleeps until that moment.
    static func sleep(until nanoseconds: Int64) {
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, CInt(TIMER_ABSTIME), &time, nil) == EINTR {}
    }
}

/// Says when the next event is due, at a steady rate.
///
/// From a thread of its own: a loop's timers count whole milliseconds, and are late when the loop is busy. What is
/// late here counts as latency, since an event is timed from the moment it was due.
enum Pacer {
    /// Posts the moment of each of `count` events, `interval` nanoseconds apart, the first at `start`.
    static func run(
        from start: Int64, interval: Int64, count: Int, to mailbox: Mailbox<Int64>
    ) throws(SystemError) {
        try LoopThread.start(name: "pacer") {
            for step in 0..<Int64(count) {
                let due = start + step * interval
                SteadyClock.sleep(until: due)
                guard mailbox.post(due) else { return }
            }
        }
    }
}
