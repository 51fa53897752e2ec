/// A moment of a clock that never steps, in milliseconds since an arbitrary start: for timers and intervals.
///
/// Moments of the wall clock are ``WallTime``. The two cannot be compared, so they are two types.
@frozen public struct SteadyTime: Sendable, Hashable, Comparable {
    /// Milliseconds since the clock's start, which is arbitrary.
    public var milliseconds: Int64

    /// The moment this many milliseconds after the clock's start.
    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Before every moment. The interval since then cannot be computed.
    public static let distantPast = SteadyTime(milliseconds: .min)
    /// After every moment. The interval until then cannot be computed.
    public static let distantFuture = SteadyTime(milliseconds: .max)

    /// True when `left` is earlier.
    @inlinable public static func < (left: SteadyTime, right: SteadyTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The moment this many milliseconds later.
    @inlinable public static func + (time: SteadyTime, milliseconds: Int64) -> SteadyTime {
        SteadyTime(milliseconds: time.milliseconds + milliseconds)
    }

    /// Moves the moment by this many milliseconds.
    @inlinable public static func += (time: inout SteadyTime, milliseconds: Int64) { time = time + milliseconds }

    /// The moment this many milliseconds earlier.
    @inlinable public static func - (time: SteadyTime, milliseconds: Int64) -> SteadyTime {
        SteadyTime(milliseconds: time.milliseconds - milliseconds)
    }

    /// Milliseconds from `start` to `end`.
    @inlinable public static func - (end: SteadyTime, start: SteadyTime) -> Int64 {
        end.milliseconds - start.milliseconds
    }
}
