internal import Glibc
public import Wire

extension SteadyTime {
    /// The time now.
    public static func now() -> SteadyTime { SteadyTime(milliseconds: readMilliseconds(CLOCK_MONOTONIC)) }
}

/// The wall clock. The administrator and NTP set it, so it may step forward and back.
public enum WallClock {
    /// The time now.
    public static func now() -> WallTime { WallTime(milliseconds: readMilliseconds(CLOCK_REALTIME)) }
}

/// Measures how long something takes, by the clock of ``SteadyTime``.
public struct Stopwatch: Sendable {
    private let start = Self.clockMicroseconds()

    /// Starts measuring.
    public init() {}

    /// How long ago it was started.
    public var microseconds: Int64 { Self.clockMicroseconds() - start }

    /// The clock's own reading, for programs that read the same clock.
    public static func clockMicroseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

private func readMilliseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
