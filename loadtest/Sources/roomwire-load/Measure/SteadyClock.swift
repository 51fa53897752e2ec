internal import Glibc

/// The clock that latencies are measured with; it never steps.
enum SteadyClock {
    /// Nanoseconds since some moment in the past.
    static func nanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
