/// A moment by a clock that never steps, in milliseconds since an unknown start: for timers and lapses.
///
/// The wall's time is ``WallTime``. The two cannot be compared, so they are two types.
@frozen public struct SteadyTime: Sendable, Hashable, Comparable {
    /// Milliseconds since the clock's start, which is none that anybody knows.
    public var milliseconds: Int64

    /// The moment so many milliseconds after the clock's start.
    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Before every moment. A lapse since then cannot be computed.
    public static let distantPast = SteadyTime(milliseconds: .min)
    /// After every moment. A lapse until then cannot be computed.
    public static let distantFuture = SteadyTime(milliseconds: .max)

    /// True when `left` is earlier.
    @inlinable public static func < (left: SteadyTime, right: SteadyTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The moment so many milliseconds later.
    @inlinable public static func + (time: SteadyTime, milliseconds: Int64) -> SteadyTime {
        SteadyTime(milliseconds: time.milliseconds + milliseconds)
    }

    /// The moment so many milliseconds earlier.
    @inlinable public static func - (time: SteadyTime, milliseconds: Int64) -> SteadyTime {
        SteadyTime(milliseconds: time.milliseconds - milliseconds)
    }

    /// Milliseconds from `start` to `end`.
    @inlinable public static func - (end: SteadyTime, start: SteadyTime) -> Int64 {
        end.milliseconds - start.milliseconds
    }
}
