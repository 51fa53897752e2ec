internal import Events
internal import Wire

/// How old events are, for retention by age, and how long rooms have been silent. A step of the wall clock must neither
/// remove events nor finish rooms.
///
/// - An event of this run is as old as the time that has passed since its commit, by the clock that never steps.
/// - An event of an earlier run is dated by its id alone, so the wall clock decides, once it has been steady for
///   ``Limits/steadyClockMilliseconds``. If it was steady at several offsets, the one by which events are youngest
///   counts: of two clocks, one of which was wrong, that is the one that removes less.
/// - Whatever the clocks say, an event of an earlier run is at least as old as this run.
///
/// Two things cannot be known: whether a clock that was wrong from the start and stays so is wrong; and that an
/// earlier run committed an event while its clock was wrong. Such an event is as old as its id says or, if the id is
/// dated in the future, as this run.
///
/// It reads no clock: the caller passes what the clocks showed.
struct RetentionClock: Sendable {
    /// Events up to here are of earlier runs.
    private let earlier: EventID
    private let started: Int64
    private var last: ClockReading
    /// Since when the wall clock has been steady, by the clock that never steps.
    private var steadySince: Int64
    /// The least ``ClockReading/offset`` at which the wall clock was steady; nil if it was not yet.
    private var leastOffset: Int64?
    private var marks = CommitMarks()

    /// At the start of a run, whose log ends at `head`.
    init(at reading: ClockReading, head: EventID) {
        earlier = head
        started = reading.boot
        steadySince = reading.boot
        last = reading
    }

    /// Takes what the clocks show now; returns a jump if there was one since the last time.
    mutating func observe(_ reading: ClockReading) -> ClockJump? {
        defer { last = reading }
        let change = reading.offset - last.offset
        guard abs(change) <= Limits.clockJumpMilliseconds else {
            steadySince = reading.boot
            return ClockJump(milliseconds: change)
        }
        if isSteady(at: reading) { leastOffset = min(leastOffset ?? reading.offset, reading.offset) }
        return nil
    }

    /// The time of the last ``observe(_:)``, by the clock that never steps.
    var now: Int64 { last.boot }

    /// Events up to `id` were committed at the time of the last ``observe(_:)``.
    mutating func committed(through id: EventID) { marks.append(through: id, at: last.boot) }

    /// Events up to `id` were removed.
    mutating func removed(through id: EventID) { marks.remove(through: id) }

    /// The age of an event in milliseconds as of the last ``observe(_:)``, or a little less; nil if it is not known.
    func age(of id: EventID) -> Int64? {
        id <= earlier ? earlierAge(id.time) : marks.time(of: id).map { last.boot - $0 }
    }

    /// How long ago a sign of life was, in milliseconds as of the last ``observe(_:)``, or a little less.
    func age(of sign: SignOfLife) -> Int64 {
        sign.boot.map { last.boot - $0 } ?? earlierAge(sign.wall)
    }

    /// The age of what happened in an earlier run at `wall`.
    private func earlierAge(_ wall: WallTime) -> Int64 {
        let run = last.boot - started
        guard isSteady(at: last), let leastOffset else { return run }
        return max(run, last.boot + leastOffset - wall.milliseconds)
    }

    private func isSteady(at reading: ClockReading) -> Bool {
        reading.boot - steadySince >= Limits.steadyClockMilliseconds
    }
}
