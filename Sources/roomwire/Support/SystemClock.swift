internal import Events
internal import Glibc

/// The machine's clock.
enum SystemClock {
    /// Milliseconds since 1970.
    static func now() -> EpochMilliseconds {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
