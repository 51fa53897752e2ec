/// A moment by the wall clock, as people and other machines have it: milliseconds since 1970-01-01T00:00:00Z, leap
/// seconds not counted. Timers go by ``SteadyTime``.
public typealias WallTime = Int64
