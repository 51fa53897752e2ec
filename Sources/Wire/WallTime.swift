/// A moment of the wall clock: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. Timers use
/// ``SteadyTime``.
public typealias WallTime = Int64
