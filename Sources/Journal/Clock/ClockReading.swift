internal import Events
internal import Glibc
package import Wire

/// Both of the machine's clocks, read at one moment.
package struct ClockReading: Sendable, Equatable {
    /// Milliseconds since the machine started, time in suspension included. This clock never steps.
    package var boot: Int64
    /// Milliseconds since 1970. An operator or a time service may set this clock at any time.
    package var wall: WallTime

    /// A reading.
    package init(boot: Int64, wall: WallTime) {
        self.boot = boot
        self.wall = wall
    }

    /// By how much the wall clock is ahead of the other. Only a step of the wall clock changes it noticeably: the
    /// kernel corrects the speed of both clocks together.
    var offset: Int64 { wall.milliseconds - boot }

    /// What the clocks show now.
    package static func now() -> ClockReading {
        var before = milliseconds(CLOCK_BOOTTIME)
        while true {
            let wall = WallTime(milliseconds: milliseconds(CLOCK_REALTIME))
            let after = milliseconds(CLOCK_BOOTTIME)
            // If the thread was stopped between the two readings, they would differ as they do after a step.
            if after - before <= mostBetweenReadings { return ClockReading(boot: after, wall: wall) }
            before = after
        }
    }

    private static let mostBetweenReadings: Int64 = 100

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// A step of the wall clock, as opposed to the slow corrections of a time service.
package struct ClockJump: Sendable, Equatable, CustomStringConvertible {
    /// By how much the clock was set ahead; negative if it was set back.
    package let milliseconds: Int64

    /// A step by so much.
    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// One line for the log.
    package var description: String {
        let direction = milliseconds > 0 ? "ahead" : "back"
        let size = Self.text(milliseconds.magnitude)
        return "the wall clock was set \(direction) by \(size): events of earlier runs are not removed by age until it "
            + "has been steady for \(Limits.steadyClockMilliseconds / 1000) s; the age of events of this run does not "
            + "depend on it"
    }

    /// In the largest unit of which it has at least two, with one decimal.
    private static func text(_ milliseconds: UInt64) -> String {
        let units: [(name: String, milliseconds: UInt64)] = [
            ("d", 86_400_000), ("h", 3_600_000), ("min", 60_000),
        ]
        let unit = units.first { milliseconds >= 2 * $0.milliseconds } ?? ("s", 1_000)
        let tenths = (milliseconds + unit.milliseconds / 20) / (unit.milliseconds / 10)
        return "\(tenths / 10).\(tenths % 10) \(unit.name)"
    }
}
