/// A moment of the wall clock, in milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// The wall clock may step. Timers and intervals use ``SteadyTime``. The two cannot be compared, so they are two types.
@frozen public struct WallTime: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970. Negative before.
    public var milliseconds: Int64

    /// The moment this many milliseconds after 1970 began.
    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// After every moment. The interval until then cannot be computed.
    @inlinable public static var distantFuture: WallTime { WallTime(milliseconds: .max) }

    /// True when `left` is earlier.
    @inlinable public static func < (left: WallTime, right: WallTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The moment this many milliseconds later.
    @inlinable public static func + (time: WallTime, milliseconds: Int64) -> WallTime {
        WallTime(milliseconds: time.milliseconds + milliseconds)
    }

    /// Moves the moment by this many milliseconds.
    @inlinable public static func += (time: inout WallTime, milliseconds: Int64) { time = time + milliseconds }

    /// The moment this many milliseconds earlier.
    @inlinable public static func - (time: WallTime, milliseconds: Int64) -> WallTime {
        WallTime(milliseconds: time.milliseconds - milliseconds)
    }

    /// Milliseconds from `start` to `end`.
    @inlinable public static func - (end: WallTime, start: WallTime) -> Int64 {
        end.milliseconds - start.milliseconds
    }
}

extension DefaultStringInterpolation {
    /// A moment has no text of its own, so that it cannot get into an id or a message in a form that was not chosen.
    @available(*, deprecated, message: "interpolate ISOTime.text(time) or time.milliseconds")
    public mutating func appendInterpolation(_ time: WallTime) { appendLiteral(ISOTime.text(time)) }
}
